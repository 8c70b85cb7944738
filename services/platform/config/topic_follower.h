#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

struct TopicFollowerOptions {
  KafkaConfig kafka;
  std::string topic;
  int32_t partitions = 1;
  // From the follower's thread, one at a time. An error of on_record ends the following for good.
  std::function<absl::Status(const Record&)> on_record;
  // After the last record that stood in the topic at the start was given to on_record.
  std::function<void()> on_caught_up;
  // The following has ended for good.
  std::function<void(const absl::Status&)> on_failed;
};

// Reads a compacted topic from its beginning and goes on for ever (read_committed), for those who
// keep its newest values in memory. Reconnects by itself; a position that was compacted or expired
// away is read on from the oldest record. One thread of its own. Thread-safe.
class TopicFollower {
 public:
  static absl::StatusOr<std::unique_ptr<TopicFollower>> Start(TopicFollowerOptions options);
  // Waits for a callback under way; none runs after it.
  virtual ~TopicFollower() = default;

  virtual bool caught_up() const = 0;

  // Waits until everything that was committed before this call was given to on_record.
  // DEADLINE_EXCEEDED, or the error that ended the following.
  virtual absl::Status WaitFresh(absl::Duration timeout) = 0;
};

}  // namespace trama::platform
