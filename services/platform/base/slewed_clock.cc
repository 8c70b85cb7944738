#include "services/platform/base/slewed_clock.h"

namespace trama::platform {

SlewedClock::SlewedClock(const Clock& real)
    : real_(real), stamp_(real.Now(), real.Monotonic(), absl::InfinitePast()) {}

absl::Time SlewedClock::Now() const {
  const std::lock_guard lock(mutex_);
  return stamp_.At(real_.Now(), real_.Monotonic());
}

absl::Duration SlewedClock::skew() const {
  const std::lock_guard lock(mutex_);
  return stamp_.skew();
}

int64_t SlewedClock::jumps() const {
  const std::lock_guard lock(mutex_);
  return stamp_.jumps();
}

}  // namespace trama::platform
