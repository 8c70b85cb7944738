#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

// Called from within Poll() and Close(). Others of the group wait meanwhile (up to
// max_poll_interval).
struct GroupCallbacks {
  // New partitions; those held before stay. Each offset is kOffsetCommitted and may be changed to
  // begin elsewhere.
  std::function<void(std::vector<TopicPartitionOffset>&)> on_assigned;
  // These go to another member when this returns: finish and Commit() what was begun.
  std::function<void(const std::vector<TopicPartition>&)> on_revoked;
  // These may already belong to another member (the session has ended): drop what was begun. When
  // not set, on_revoked is called instead.
  std::function<void(const std::vector<TopicPartition>&)> on_lost;
};

struct GroupOptions {
  std::string group;
  // A stable slot ("routing-0"): a restart within session_timeout gets its partitions back without
  // moving anybody else's. Empty: a dynamic member, which leaves the group when closed.
  std::string instance_id;
  std::vector<std::string> topics;
  absl::Duration session_timeout = absl::Seconds(6);
  absl::Duration heartbeat_interval = absl::Milliseconds(1500);
  // A member that does not poll for this long loses its partitions.
  absl::Duration max_poll_interval = absl::Minutes(5);
  absl::Duration fetch_wait = absl::Milliseconds(100);
  int fetch_bytes_min = 1;  // As in ConsumerOptions.
  // As in ConsumerOptions: of a backlog, a few batches. It takes five times as much memory, as what
  // came compressed in one piece is kept until all of it was handed out.
  int prefetch_kib_max = 2 * 1024;
  GroupCallbacks callbacks;
};

// Reads the partitions that a consumer group gives it, at least once:
//
//   Poll() → handle everything → Commit() → Poll() ...
//
// Only committed records are handed out (read_committed). Partitions move one by one
// (cooperative-sticky): those that stay are read on. Where a group has no committed offset it
// begins at the beginning.
//
// All members of a group must name the same topics: with different ones the assignors of librdkafka
// before 2.6 loop for ever (its issue 4783).
//
// Not thread-safe but for Wake().
class GroupConsumer {
 public:
  static absl::StatusOr<std::unique_ptr<GroupConsumer>> Create(const KafkaConfig& config,
                                                               GroupOptions options);
  virtual ~GroupConsumer() = default;

  // As Consumer::Poll. kFenced: another process has taken this instance_id, destroy the consumer.
  virtual absl::StatusOr<RecordBatch> Poll(absl::Duration timeout, size_t records_max) = 0;

  // The same for those who want few records: looks at `records_max` and gives those that are
  // wanted. The others count as handed out, too: Commit() passes them.
  virtual absl::StatusOr<RecordBatch> PollWanted(absl::Duration timeout, size_t records_max,
                                                 const ValueFilter& is_wanted) = 0;

  virtual void Wake() = 0;

  // Commits everything that Poll() has handed out of partitions still held; waits at most 10 s.
  // ABORTED: the group has moved on, the new owner reads those records again.
  virtual absl::Status Commit() = 0;

  // Commits these positions (next offset to read), for those who handle records out of step.
  virtual absl::Status Commit(const std::vector<TopicPartitionOffset>& positions) = 0;

  // Goes on from there, for a partition that is held; the way on after OUT_OF_RANGE.
  virtual absl::Status Seek(const TopicPartitionOffset& position, absl::Duration timeout) = 0;

  // Hands out again everything that was not committed, from the next Poll() on.
  virtual absl::Status Rewind(absl::Duration timeout) = 0;

  // A paused partition is not fetched; it goes on where it was. One that is given back or taken
  // anew is paused no more.
  virtual absl::Status Pause(const std::vector<TopicPartition>& partitions) = 0;
  virtual absl::Status Resume(const std::vector<TopicPartition>& partitions) = 0;

  // The partitions held now.
  virtual std::vector<TopicPartition> assignment() const = 0;

  // As Consumer::Position.
  virtual int64_t Position(const TopicPartition& partition) const = 0;
  virtual absl::StatusOr<Watermarks> QueryWatermarks(const TopicPartition& partition,
                                                     absl::Duration timeout) = 0;

  // Gives all partitions back (on_revoked) and leaves; the destructor does the same.
  virtual void Close() = 0;
};

}  // namespace trama::platform
