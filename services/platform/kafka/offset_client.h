#pragma once

#include <memory>
#include <mutex>
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
// way. Opens its client at the first question, and another one after a question that failed:
// librdkafka 2.0.2 kept the leaders that it knew for minutes, so that a client would ask the
// former one again and again. Thread-safe.
class OffsetClient {
 public:
  explicit OffsetClient(const KafkaConfig& config) : config_(config) {}

  absl::Status Open();

  absl::StatusOr<Watermarks> QueryWatermarks(const TopicPartition& partition,
                                             absl::Duration timeout);
  absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout);
  absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times, absl::Duration timeout);

 private:
  absl::StatusOr<std::vector<TopicPartitionOffset>> Ask(
      const std::vector<TopicPartitionOffset>& question, absl::Duration timeout);
  absl::StatusOr<std::vector<TopicPartitionOffset>> AskOnce(
      const std::vector<TopicPartitionOffset>& question, absl::Duration timeout);

  absl::StatusOr<std::shared_ptr<Client>> Opened();
  // The next question takes another client than this one.
  void Forget(const std::shared_ptr<Client>& client);

  const KafkaConfig config_;
  std::mutex mutex_;
  std::shared_ptr<Client> client_;  // Guarded by mutex_; who asks holds it, too.
};

// The one of this process for these brokers and this user: a connection and three threads for each
// reader would be many for a question now and then. It lives as long as somebody has it.
std::shared_ptr<OffsetClient> SharedOffsetClient(const KafkaConfig& config);

}  // namespace trama::platform::kafka_internal
