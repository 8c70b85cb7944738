#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

struct NewTopic {
  std::string name;
  int32_t partitions = 1;
  int32_t replication = 1;
  std::map<std::string, std::string> config;  // Kafka's names, for example "retention.ms".
};

// Creates and inspects topics. Thread-safe. Every call waits at most `timeout`.
class Admin {
 public:
  static absl::StatusOr<std::unique_ptr<Admin>> Create(const KafkaConfig& config);
  virtual ~Admin() = default;

  // Creates all and waits until the metadata shows them with a leader (the broker answers before it
  // does). A topic that exists already is not an error: whoever asks twice at once gets OK twice.
  virtual absl::Status CreateTopics(const std::vector<NewTopic>& topics,
                                    absl::Duration timeout) = 0;
  virtual absl::Status DeleteTopics(const std::vector<std::string>& topics,
                                    absl::Duration timeout) = 0;

  // Adds partitions until each topic has as many as are named, and waits until the metadata shows
  // them with a leader. Records stay where they are. INVALID_ARGUMENT for fewer than there are.
  virtual absl::Status GrowTopics(const std::map<std::string, int32_t>& partitions,
                                  absl::Duration timeout) = 0;

  // Partition count of every topic of the cluster, by name.
  virtual absl::StatusOr<std::map<std::string, int32_t>> PartitionCounts(
      absl::Duration timeout) = 0;

  // How many copies every topic of the cluster has of its records, by name; the fewest of its
  // partitions.
  virtual absl::StatusOr<std::map<std::string, int32_t>> ReplicaCounts(absl::Duration timeout) = 0;

  // The settings in force of each topic: topic → Kafka's name → value.
  virtual absl::StatusOr<std::map<std::string, std::map<std::string, std::string>>> DescribeConfigs(
      const std::vector<std::string>& topics, absl::Duration timeout) = 0;

  // Deletes every record before each position; `offset` may be kOffsetEnd for all of them. Only in
  // topics that delete old records, not in compacted ones.
  virtual absl::Status DeleteRecords(const std::vector<TopicPartitionOffset>& before,
                                     absl::Duration timeout) = 0;

  // Forgets a group that has no members. NOT_FOUND when there is none.
  virtual absl::Status DeleteGroup(const std::string& group, absl::Duration timeout) = 0;
};

}  // namespace trama::platform
