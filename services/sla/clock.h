#pragma once

#include "absl/time/time.h"
#include "services/kernel/calendar.h"
#include "services/sla/policy_book.h"
#include "trama/sla/v1/sla_rows.pb.h"

// The arithmetic of one clock: work is the integral of the calendar, so a target that changes in
// flight leaves remaining = new target − used.
namespace trama::sla {

// Starts (or restarts) the count at `anchor` with so much used, towards the promise; sets due and
// warning times.
void Arm(const Calendar& calendar, absl::Time anchor, absl::Duration used, const Promise& promise,
         v1::ClockRow& clock);

// Worked time up to `at`, or to the clock's end when that came earlier.
absl::Duration Used(const Calendar& calendar, const v1::ClockRow& clock, absl::Time at);

// The next moment at which the clock wants to be looked at; InfiniteFuture() when never.
absl::Time NextWake(const v1::ClockRow& clock);

inline bool IsOpen(const v1::ClockRow& clock) { return clock.ended_ms() == 0; }

}  // namespace trama::sla
