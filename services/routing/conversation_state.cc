#include "services/routing/conversation_state.h"

#include <algorithm>

namespace trama::routing {

int64_t WakesAtMs(const v1::ConversationRow& row) {
  switch (row.state()) {
    case conversation::v1::STATE_OFFERED:
      return row.offer_expires_at_ms();
    case conversation::v1::STATE_WRAPPING:
      return row.wrap_up_until_ms();
    case conversation::v1::STATE_CLOSED:
      return row.ends_at_ms();
    case conversation::v1::STATE_QUEUED: {
      int64_t first = 0;
      for (const v1::Exclusion& exclusion : row.exclusions()) {
        if (first == 0 || exclusion.until_ms() < first) first = exclusion.until_ms();
      }
      return first;
    }
    default:
      return 0;
  }
}

int64_t ClosesAtMs(const v1::ConversationRow& row) {
  return IsEnding(row.state()) ? row.ends_at_ms() : 0;
}

std::string_view StateName(conversation::v1::State state) {
  std::string_view name = conversation::v1::State_Name(state);
  constexpr std::string_view kPrefix = "STATE_";
  if (name.substr(0, kPrefix.size()) == kPrefix) name.remove_prefix(kPrefix.size());
  return name;
}

}  // namespace trama::routing
