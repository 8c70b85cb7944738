#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/admin.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topics.h"

namespace trama::tramactl {

// What part of a topic is to be read.
struct TopicRange {
  std::string topic;
  std::vector<int32_t> partitions;  // Empty: all.
  std::string from = "-10";         // beginning, end, an offset, -N (the last N), 10m (ago)
  bool follow = false;              // Go on after the end, for ever.
};

// Reads committed records, in order per partition, and over partitions by their time as far as they
// are there already. `on_record` returns false to stop. INVALID_ARGUMENT for an unknown `from`,
// NOT_FOUND for an unknown topic or partition.
absl::Status ReadTopic(const platform::KafkaConfig& kafka, const TopicRange& range,
                       absl::Duration timeout,
                       const std::function<bool(const platform::Record&)>& on_record);

// The topics that this build knows (deploy/topics.yaml, for clusters of any size the same names).
absl::StatusOr<platform::TopicsFile> KnownTopics(const std::string& cluster);

}  // namespace trama::tramactl
