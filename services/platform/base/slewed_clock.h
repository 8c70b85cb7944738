#pragma once

#include <cstdint>
#include <mutex>

#include "absl/time/time.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/stamp_clock.h"

namespace trama::platform {

// What a whole process goes by: a clock whose wall time starts at that of `real` and then follows
// the monotonic one, so that what a door stamps as received is not an hour off when somebody sets
// the time of the machine. Thread-safe.
class SlewedClock final : public Clock {
 public:
  explicit SlewedClock(const Clock& real);

  // In whole milliseconds; never goes back.
  absl::Time Now() const override;
  absl::Duration Monotonic() const override { return real_.Monotonic(); }

  // Wall minus ours, at the last Now().
  absl::Duration skew() const;
  // How often the wall was found to have jumped.
  int64_t jumps() const;

 private:
  const Clock& real_;
  mutable std::mutex mutex_;
  mutable StampClock stamp_;  // Guarded by mutex_.
};

}  // namespace trama::platform
