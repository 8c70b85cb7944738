#include "services/platform/base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace trama::platform {

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Monotonic() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

absl::Time FakeClock::Now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

absl::Duration FakeClock::Monotonic() const {
  const std::lock_guard lock(mutex_);
  return monotonic_;
}

void FakeClock::Advance(absl::Duration by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
  monotonic_ += by;
}

void FakeClock::SetWall(absl::Time now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
}

}  // namespace trama::platform
