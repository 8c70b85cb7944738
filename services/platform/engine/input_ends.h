#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/engine/caught_up.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::platform {

// Asks the broker for the ends of the inputs, on a thread of its own, so that no loop waits for it.
// The ends include records of transactions that are still open: they stood there too, and the loop
// has caught up only when they are decided. Thread-safe.
class InputEnds {
 public:
  static absl::StatusOr<std::unique_ptr<InputEnds>> Start(const KafkaConfig& kafka,
                                                          std::vector<std::string> topics,
                                                          absl::Duration timeout);
  virtual ~InputEnds() = default;

  // Asks after this call, for one partition of every topic. `answer` comes from the thread, once;
  // never when this is destroyed first.
  using OnEnds = std::function<void(absl::StatusOr<TopicOffsets>)>;
  virtual void Ask(int32_t partition, OnEnds answer) = 0;
};

}  // namespace trama::platform
