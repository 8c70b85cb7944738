#pragma once

#include <mutex>

#include "absl/time/time.h"

namespace trama::platform {

// The one door to the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time: for what is stored or shown. It may jump.
  virtual absl::Time Now() const = 0;

  // Time since some fixed moment in this process' past: for durations and deadlines. Never goes
  // back.
  virtual absl::Duration Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
};

// Stands still until a test moves it.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'700'000'000)) : now_(now) {}

  absl::Time Now() const override;
  absl::Duration Monotonic() const override;

  // Both clocks move on.
  void Advance(absl::Duration by);
  // Only the wall clock jumps, as when somebody sets it.
  void SetWall(absl::Time now);

 private:
  mutable std::mutex mutex_;
  absl::Time now_;
  absl::Duration monotonic_ = absl::ZeroDuration();
};

}  // namespace trama::platform
