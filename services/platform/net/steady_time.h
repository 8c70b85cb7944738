#pragma once

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace trama::platform {

// Longer waits are cut to this: the arithmetic of timers would overflow on infinite ones.
inline constexpr absl::Duration kWaitMax = absl::Hours(24 * 365);

// A wait as timers want it; a negative one is none.
inline std::chrono::steady_clock::duration ToSteady(absl::Duration wait) {
  return std::chrono::ceil<std::chrono::steady_clock::duration>(
      absl::ToChronoNanoseconds(std::clamp(wait, absl::ZeroDuration(), kWaitMax)));
}

}  // namespace trama::platform
