#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

// For `fetch_bytes_min` of a reader that can wait a little: then `fetch_wait` says how often it
// asks, and a request brings more than the few records that it would cost more than.
inline constexpr int kUnhurriedFetchBytes = 1 << 20;

struct ConsumerOptions {
  // For CommitOffsets and Committed; the consumer never joins it. Empty: the client id.
  std::string group;
  bool read_committed = true;
  // How long the broker holds a request at the end of a partition: bounds how late "nothing more"
  // is known. New records are sent at once. For a restore, whose end is always the marker of a
  // commit, a few milliseconds are right.
  absl::Duration fetch_wait = absl::Milliseconds(100);
  // Unless the wait is over, the broker answers with so much at least.
  int fetch_bytes_min = 1;
  // Fetched ahead of Poll(), for all partitions together.
  int prefetch_kib_max = 16 * 1024;
};

// Says by its value whether a record is wanted.
using ValueFilter = std::function<bool(std::string_view value)>;

// What one Poll has found.
struct RecordBatch {
  std::vector<Record> records;
  // Partitions that were read to their end: every committed record below `offset` was handed out
  // in this or an earlier batch.
  std::vector<TopicPartitionOffset> ends;

  bool empty() const { return records.empty() && ends.empty(); }
};

struct Watermarks {
  int64_t low = 0;  // The first offset that still exists.
  // After the last record, whether its transaction has ended or not. A reader whose position gets
  // here has seen everything that was committed before the question; an open transaction keeps it
  // from getting here. (The end that read_committed names would not do: a commit is answered before
  // its markers are written, so that its records may still lie behind that end.)
  int64_t high = 0;
};

// Reads partitions that the caller names (no group decides), committed records only.
//
// A position that no longer exists is an error (OUT_OF_RANGE), never a silent jump.
//
// Not thread-safe but for Wake(): one thread owns it.
class Consumer {
 public:
  static absl::StatusOr<std::unique_ptr<Consumer>> Create(const KafkaConfig& config,
                                                          ConsumerOptions options = {});
  virtual ~Consumer() = default;

  // Replaces what is read. Offsets may be kOffsetBeginning, kOffsetEnd or kOffsetCommitted.
  virtual absl::Status Assign(const std::vector<TopicPartitionOffset>& positions) = 0;

  // Waits up to `timeout` for the first record, then takes what is there, at most `records_max`.
  // Errors of single partitions (gone offset, no right to read) end the batch; what was read before
  // them comes first. Transient ones (a broker down) are logged and healed inside.
  virtual absl::StatusOr<RecordBatch> Poll(absl::Duration timeout, size_t records_max) = 0;

  // Makes a waiting Poll, or else the next one, return at once. From any thread.
  virtual void Wake() = 0;

  // Polls until every assigned partition was read to the end that it had at the call
  // (Watermarks::high), giving each record to `on_record` for the time of the call. An error from
  // it ends the reading, and some records behind are passed over.
  virtual absl::Status ReadToEnd(absl::Time deadline,
                                 const std::function<absl::Status(const Record&)>& on_record) = 0;

  // Goes on from there. The partition must be assigned.
  virtual absl::Status Seek(const TopicPartitionOffset& position, absl::Duration timeout) = 0;

  // Every committed record below this offset was handed out. Offsets of transaction markers and of
  // aborted records count as soon as the end was seen, so that it reaches Watermarks::high.
  // kOffsetUnknown until something is known.
  virtual int64_t Position(const TopicPartition& partition) const = 0;

  // Asked from the broker, never cached, over a connection that all readers of the process share.
  virtual absl::StatusOr<Watermarks> QueryWatermarks(const TopicPartition& partition,
                                                     absl::Duration timeout) = 0;
  // Watermarks::high of each, in the order of the question; one request per broker for all of them.
  virtual absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) = 0;

  // For each, the first offset whose timestamp is at or after the time; the end when there is none.
  virtual absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times, absl::Duration timeout) = 0;

  // A paused partition is not fetched; it goes on where it was.
  virtual absl::Status Pause(const std::vector<TopicPartition>& partitions) = 0;
  virtual absl::Status Resume(const std::vector<TopicPartition>& partitions) = 0;

  // Notes the next offset to read for options.group; waits at most 10 s. Refused by the broker
  // while a member is in the group.
  virtual absl::Status CommitOffsets(const std::vector<TopicPartitionOffset>& positions) = 0;

  // What was committed for options.group; kOffsetUnknown where nothing was.
  virtual absl::StatusOr<std::vector<TopicPartitionOffset>> Committed(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) = 0;
};

}  // namespace trama::platform
