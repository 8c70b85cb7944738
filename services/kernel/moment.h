#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "services/kernel/strings.h"

namespace trama {

// absl::ParseTime for what strangers write: it would also take "infinite-past" and
// "infinite-future", whatever the format.
inline bool ParseMoment(std::string_view format, std::string_view text, absl::Time* time) {
  return absl::ParseTime(ToAbsl(format), ToAbsl(text), time, /*err=*/nullptr) &&
         *time != absl::InfinitePast() && *time != absl::InfiniteFuture();
}

}  // namespace trama
