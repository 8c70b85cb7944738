#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace trama::platform {

// The time that a machine sees: starts at the wall's time, or at the last owner's Stamp if that is
// later, and then follows the monotonic clock. It never goes back. When the wall clock has been
// set, it is approached slowly (kSlewRate), so that no deadline is jumped over. Pure.
class StampClock {
 public:
  // A wall clock further away than this is counted as a jump.
  static constexpr absl::Duration kJump = absl::Seconds(1);
  // Seconds per second by which the stamp may run faster or slower.
  static constexpr double kSlewRate = 0.05;

  StampClock(absl::Time wall, absl::Duration monotonic, absl::Time last_stamp);

  // In whole milliseconds, as rows and records hold it.
  absl::Time At(absl::Time wall, absl::Duration monotonic);

  // Wall minus stamp, at the last At().
  absl::Duration skew() const { return skew_; }
  // How often the wall was found to have jumped.
  int64_t jumps() const { return jumps_; }

 private:
  void NoteSkew(absl::Time wall);

  absl::Time stamp_;
  absl::Duration monotonic_;
  absl::Duration skew_;
  bool far_ = false;
  int64_t jumps_ = 0;
};

}  // namespace trama::platform
