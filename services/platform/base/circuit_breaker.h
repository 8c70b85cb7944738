#pragma once

#include "absl/time/time.h"

namespace trama::platform {

// Stops asking a peer that does not answer, so that callers fail at once instead of waiting their
// time out one after another. Pure: the time comes in. Not thread-safe.
//
//   closed     every call is let through; `failures_max` failures in a row open it
//   open       every call is refused, for open_min at first, twice as long each further time
//   half-open  the time is over: one call is let through and decides; the others are refused
class CircuitBreaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  struct Options {
    int failures_max = 5;
    absl::Duration open_min = absl::Milliseconds(500);
    absl::Duration open_max = absl::Seconds(8);
  };

  explicit CircuitBreaker(const Options& options) : options_(options) {}

  // May a call be made? In half-open the one that gets true is the probe.
  bool Allow(absl::Time now);
  // A call that was let through has ended so.
  void Succeed();
  void Fail(absl::Time now);

  State state() const { return state_; }
  // Until when calls are refused; only of use while open.
  absl::Time open_until() const { return open_until_; }

 private:
  void Open(absl::Time now);

  Options options_;
  State state_ = State::kClosed;
  int failures_ = 0;
  absl::Duration open_for_ = absl::ZeroDuration();
  absl::Time open_until_ = absl::InfinitePast();
};

}  // namespace trama::platform
