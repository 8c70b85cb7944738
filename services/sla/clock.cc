#include "services/sla/clock.h"

#include <algorithm>

namespace trama::sla {
namespace {

// 0 when the calendar never gets there.
int64_t MomentMs(const Calendar& calendar, absl::Time anchor, absl::Duration work) {
  const absl::StatusOr<absl::Time> moment = calendar.AddWorked(anchor, work);
  return moment.ok() ? absl::ToUnixMillis(*moment) : 0;
}

}  // namespace

void Arm(const Calendar& calendar, absl::Time anchor, absl::Duration used, const Promise& promise,
         v1::ClockRow& clock) {
  clock.set_policy(promise.policy);
  clock.set_calendar(promise.calendar);
  clock.set_target_ms(absl::ToInt64Milliseconds(promise.target));
  clock.set_anchor_ms(absl::ToUnixMillis(anchor));
  clock.set_used_at_anchor_ms(absl::ToInt64Milliseconds(used));
  const absl::Duration remaining = std::max(absl::ZeroDuration(), promise.target - used);
  clock.set_due_ms(MomentMs(calendar, anchor, remaining));
  const absl::Duration until_warning = remaining - promise.warn_before;
  clock.set_warn_ms(0);
  if (!clock.warned() && promise.warn_before > absl::ZeroDuration()) {
    clock.set_warn_ms(MomentMs(calendar, anchor, std::max(absl::ZeroDuration(), until_warning)));
  }
}

absl::Duration Used(const Calendar& calendar, const v1::ClockRow& clock, absl::Time at) {
  if (!IsOpen(clock)) at = std::min(at, absl::FromUnixMillis(clock.ended_ms()));
  return absl::Milliseconds(clock.used_at_anchor_ms()) +
         calendar.WorkedTime(absl::FromUnixMillis(clock.anchor_ms()), at);
}

absl::Time NextWake(const v1::ClockRow& clock) {
  absl::Time next = absl::InfiniteFuture();
  if (!IsOpen(clock) || clock.state() == v1::CLOCK_STATE_PAUSED) return next;
  if (!clock.warned() && !clock.breached() && clock.warn_ms() != 0) {
    next = absl::FromUnixMillis(clock.warn_ms());
  }
  if (!clock.breached() && clock.due_ms() != 0) {
    next = std::min(next, absl::FromUnixMillis(clock.due_ms()));
  }
  return next;
}

}  // namespace trama::sla
