#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/handles.h"

// Internal to this library: what Consumer and GroupConsumer have in common.
namespace trama::platform::kafka_internal {

// Settings of every reader: nothing is committed or skipped behind our back.
void SetReaderOptions(Client::Settings& settings, const ConsumerOptions& options);

// Takes messages from a client and keeps the positions. Not thread-safe.
class Reader {
 public:
  explicit Reader(Client& client) : client_(client) {}

  // After the client was opened; before it is closed.
  void Open() { queue_.reset(rd_kafka_queue_get_consumer(client_.get())); }
  void Close() { queue_.reset(); }

  // Looks at `records_max` and gives those that are wanted; `is_wanted` null: all.
  absl::StatusOr<RecordBatch> Poll(absl::Duration timeout, size_t records_max,
                                   const ValueFilter& is_wanted = nullptr);
  // The same without making records that last: gives each to `on_record` for the time of the call.
  // An error of that ends it, and what was taken with it is passed over.
  absl::Status Visit(absl::Duration timeout,
                     const std::function<absl::Status(const Record&)>& on_record);
  void Wake() { rd_kafka_queue_yield(queue_.get()); }

  // Begins to follow a partition; `offset` may be one of the kOffset constants.
  void Follow(const TopicPartition& partition, int64_t offset);
  void Forget(const TopicPartition& partition);
  void ForgetAll();

  std::vector<TopicPartition> partitions() const;
  // kOffsetUnknown when nothing is known.
  int64_t Position(const TopicPartition& partition) const;
  // What was handed out and not yet noted as committed: the position after it.
  std::vector<TopicPartitionOffset> Uncommitted() const;
  void NoteCommitted(const std::vector<TopicPartitionOffset>& positions);
  // Where each partition with uncommitted records would begin again.
  std::vector<TopicPartitionOffset> RewindPositions() const;

  // Goes on from there; Position() is then `position.offset` (if it is an offset).
  absl::Status Seek(const std::vector<TopicPartitionOffset>& positions, absl::Duration timeout);
  // The group's offsets; kOffsetUnknown where there is none.
  absl::StatusOr<std::vector<TopicPartitionOffset>> Committed(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout);
  // The same positions with kOffsetCommitted replaced by what was committed, or by the beginning.
  absl::StatusOr<std::vector<TopicPartitionOffset>> ResolveCommitted(
      std::vector<TopicPartitionOffset> positions, absl::Duration timeout);
  absl::Status Commit(const std::vector<TopicPartitionOffset>& positions);

 private:
  struct Followed {
    TopicPartition partition;
    int64_t position = kOffsetUnknown;
    // The first offset handed out since the last commit, kOffsetUnknown when none was.
    int64_t uncommitted_from = kOffsetUnknown;
  };

  Followed* Find(std::string_view topic, int32_t partition);
  const Followed* Find(const TopicPartition& partition) const;
  // Takes the positions from a message; true: it is a record that is wanted. An error ends the
  // batch.
  absl::StatusOr<bool> Note(const rd_kafka_message_t& message,
                            std::vector<TopicPartitionOffset>& ends);

  // For a partition that librdkafka has stopped at an error, where it refuses to seek.
  absl::Status TakeAnew(const TopicPartitionOffset& position);

  Client& client_;
  QueueHandle queue_;               // To wake up a waiting Poll.
  std::vector<Followed> followed_;  // Few: searched from the one that was found last.
  size_t last_found_ = 0;
  absl::Status pending_error_;  // Came behind records that were handed out first.
};

}  // namespace trama::platform::kafka_internal
