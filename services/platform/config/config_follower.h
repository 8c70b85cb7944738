#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/config_source.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topics.h"

namespace trama::platform {

struct ConfigFollowerOptions {
  KafkaConfig kafka;
  std::string topic = kConfig;
};

// Follows trama.config.v1: reads it from the beginning, takes each revision in whole when its
// closing record arrives, and shows nothing before it has read to the end that the topic had at the
// start (a compacted log does not hold whole old revisions).
//
// When Kafka is away the last revision stands. A record that cannot be read stops the following:
// the last whole revision stands, the condition "config" no longer holds and an alarm is counted.
//
//   auto config = ConfigFollower::Start({.kafka = KafkaConfigFromFlags("routing")}, health,
//   metrics);
//
// Thread-safe; one thread of its own. Metrics: trama_config_revision, trama_config_alarms_total.
class ConfigFollower : public ConfigSource {
 public:
  // Starts to read; returns before it has caught up. The condition "config" of `health` holds once
  // it has. `health` and `metrics` must outlive it.
  static absl::StatusOr<std::unique_ptr<ConfigFollower>> Start(ConfigFollowerOptions options,
                                                               Health& health, Metrics& metrics);

  // Has it read what stood there at the start?
  virtual bool caught_up() const = 0;
};

}  // namespace trama::platform
