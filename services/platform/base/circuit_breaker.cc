#include "services/platform/base/circuit_breaker.h"

#include <algorithm>

namespace trama::platform {

bool CircuitBreaker::Allow(absl::Time now) {
  if (state_ == State::kOpen && now >= open_until_) {
    state_ = State::kHalfOpen;
    return true;
  }
  return state_ == State::kClosed;
}

void CircuitBreaker::Succeed() {
  state_ = State::kClosed;
  failures_ = 0;
  open_for_ = absl::ZeroDuration();
}

void CircuitBreaker::Fail(absl::Time now) {
  // Calls from before it opened may still end while it is open.
  if (state_ == State::kOpen) return;
  if (state_ == State::kHalfOpen || ++failures_ >= options_.failures_max) Open(now);
}

void CircuitBreaker::Open(absl::Time now) {
  state_ = State::kOpen;
  open_for_ = std::clamp(open_for_ * 2, options_.open_min, options_.open_max);
  open_until_ = now + open_for_;
}

}  // namespace trama::platform
