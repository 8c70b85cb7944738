#include "services/channels/common/delivery_rules.h"

#include "absl/strings/str_cat.h"
#include "services/kernel/pause.h"

namespace trama::channels {

std::string AccountKey(const std::string& workspace, const std::string& account) {
  return absl::StrCat(workspace, "/", account);
}

absl::Duration Backoff(const DeliveryRules& rules, int32_t next, double jitter) {
  return DoublingPause(rules.backoff_base, rules.backoff_cap, next - 2) * jitter;
}

}  // namespace trama::channels
