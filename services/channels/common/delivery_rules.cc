#include "services/channels/common/delivery_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace trama::channels {

std::string AccountKey(const std::string& workspace, const std::string& account) {
  return absl::StrCat(workspace, "/", account);
}

absl::Duration Backoff(const DeliveryRules& rules, int32_t next, double jitter) {
  // 2^20 seconds are twelve days: beyond every cap, and far from overflow.
  const int doublings = std::clamp(next - 2, 0, 20);
  const absl::Duration most =
      std::min(rules.backoff_cap, rules.backoff_base * (int64_t{1} << doublings));
  return most * jitter;
}

}  // namespace trama::channels
