#include "services/platform/base/stamp_clock.h"

#include <algorithm>

namespace trama::platform {

StampClock::StampClock(absl::Time wall, absl::Duration monotonic, absl::Time last_stamp)
    : stamp_(std::max(wall, last_stamp)), monotonic_(monotonic) {
  NoteSkew(wall);
}

absl::Time StampClock::At(absl::Time wall, absl::Duration monotonic) {
  const absl::Duration elapsed = std::max(monotonic - monotonic_, absl::ZeroDuration());
  monotonic_ = std::max(monotonic_, monotonic);
  stamp_ += elapsed;
  const absl::Duration slew_max = elapsed * kSlewRate;
  stamp_ += std::clamp(wall - stamp_, -slew_max, slew_max);
  NoteSkew(wall);
  return absl::FromUnixMillis(absl::ToUnixMillis(stamp_));
}

void StampClock::NoteSkew(absl::Time wall) {
  skew_ = wall - stamp_;
  const absl::Duration away = absl::AbsDuration(skew_);
  if (away > kJump && !far_) {
    far_ = true;
    ++jumps_;
  }
  // Half, so that a clock at the border is not counted again and again.
  if (away < kJump / 2) far_ = false;
}

}  // namespace trama::platform
