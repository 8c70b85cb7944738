#pragma once

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trama::platform {

inline constexpr absl::Duration kWaitUntilMax = absl::Seconds(30);

// For tests: waits for a condition that another thread or process brings about. False when it does
// not hold within kWaitUntilMax.
inline bool WaitUntil(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + kWaitUntilMax;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

}  // namespace trama::platform
