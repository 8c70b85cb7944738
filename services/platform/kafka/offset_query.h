#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

// Asks the brokers where partitions end, over connections of its own: a broker answers the requests
// of one connection one by one, so that a question on a reader's connection would wait behind its
// fetch. Answers come in a few milliseconds. Thread-safe; one per process is enough.
class OffsetQuery {
 public:
  static absl::StatusOr<std::unique_ptr<OffsetQuery>> Create(const KafkaConfig& config);
  virtual ~OffsetQuery() = default;

  // Where each partition ends, as Watermarks::high; one request per broker for all of them.
  virtual absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) = 0;

  // As Consumer::OffsetsForTimes.
  virtual absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times, absl::Duration timeout) = 0;
};

}  // namespace trama::platform
