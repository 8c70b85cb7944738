#pragma once

#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "services/platform/base/circuit_breaker.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"

namespace trama::routing {

// Stands before profile. While profile does not answer in time, one call in a while is let through
// to find out; all others go on without an answer at once, instead of waiting for it and of asking
// a slow peer for more. Thread-safe.
class ProfileCircuit {
 public:
  // `asker` names the metric: "intake" or "engine", which wait differently long.
  ProfileCircuit(std::string asker, const platform::Clock& clock, platform::Metrics& metrics);

  // OK: the call may be made, and Leave must be told how it ended. UNAVAILABLE: not now.
  absl::Status Enter();
  void Leave(const absl::Status& outcome);

 private:
  absl::Time Now() const;

  const std::string asker_;
  const platform::Clock& clock_;
  prometheus::Counter& spared_;
  std::mutex mutex_;
  platform::CircuitBreaker breaker_;  // Guarded by mutex_.
};

}  // namespace trama::routing
