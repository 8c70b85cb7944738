#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace trama {

// How long to wait after `failures` attempts that failed before the one that failed last: `first`,
// doubled for each of them, and `longest` at most.
inline absl::Duration DoublingPause(absl::Duration first, absl::Duration longest, int failures) {
  constexpr int kDoublingsMax = 20;  // A millisecond is a quarter of an hour by then.
  return std::min(first * (1 << std::clamp(failures, 0, kDoublingsMax)), longest);
}

}  // namespace trama
