#include "services/profile/delivery_state.h"

#include <compare>

namespace trama::profile {
namespace {

struct Standing {
  int rank = 0;
  int attempt = 0;
  int step = 0;    // Within one attempt that has no outcome yet.
  int reason = 0;  // Only to decide between equals, whichever came first.

  friend auto operator<=>(const Standing&, const Standing&) = default;
};

Standing StandingOf(int status, int attempt, int reason) {
  switch (status) {
    case delivery::v1::STATUS_ATTEMPTING:
      return {1, attempt, 0, reason};
    case delivery::v1::STATUS_UNKNOWN:
      return {1, attempt, 1, reason};
    case delivery::v1::STATUS_RETRYING:
      return {1, attempt, 2, reason};
    case delivery::v1::STATUS_SENT:
      return {2, attempt, 0, reason};
    case delivery::v1::STATUS_FAILED:
      return {3, attempt, 0, reason};
    case delivery::v1::STATUS_DELIVERED:
      return {4, attempt, 0, reason};
    case delivery::v1::STATUS_READ:
      return {5, attempt, 0, reason};
    default:
      return {};
  }
}

}  // namespace

void ApplyDelivery(const delivery::v1::Delivery& delivery, v1::TimelineEntry& entry) {
  const int reason = delivery.has_failure() ? delivery.failure().reason() : 0;
  const Standing now =
      StandingOf(entry.delivery_status(), entry.delivery_attempt(), entry.failure_reason());
  if (StandingOf(delivery.status(), delivery.attempt(), reason) <= now) return;
  entry.set_delivery_status(delivery.status());
  entry.set_delivery_attempt(delivery.attempt());
  entry.set_failure_reason(reason);
}

}  // namespace trama::profile
