#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/handles.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform::kafka_internal {

// Internal to this library: asks for offsets, on a client apart from those that read. It sees the
// true ends (read_uncommitted): a reader that has got there has seen everything that was committed
// before the question, also what was committed a moment ago and whose markers are still on their
// way. Opens its client at the first question. Thread-safe after that; before it, one thread.
class OffsetClient {
 public:
  explicit OffsetClient(const KafkaConfig& config) : config_(config) {}

  absl::Status Open();
  // Gives the connections back; the next question opens it again.
  void Close() { client_.reset(); }

  absl::StatusOr<Watermarks> QueryWatermarks(const TopicPartition& partition,
                                             absl::Duration timeout);
  absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout);
  absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times, absl::Duration timeout);

 private:
  absl::StatusOr<std::vector<TopicPartitionOffset>> Ask(
      const std::vector<TopicPartitionOffset>& question, absl::Duration timeout);

  const KafkaConfig config_;
  std::unique_ptr<Client> client_;
};

}  // namespace trama::platform::kafka_internal
