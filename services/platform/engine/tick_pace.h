#pragma once

#include "absl/time/time.h"

namespace trama::platform {

// When the machine of a loop is ticked. Pure.
class TickPace {
 public:
  // A machine that has a deadline in the past and finds nothing to do waits for something; it is
  // asked again after this time.
  static constexpr absl::Duration kPause = absl::Milliseconds(20);

  // `deadline`: the machine's next one.
  bool IsDue(absl::Time now, absl::Time deadline) const;
  // When it will be due, if nothing comes before.
  absl::Time NextAt(absl::Time now, absl::Time deadline) const;

  void Ticked(absl::Time now, bool found_work);
  // The machine was given something else: there may be work again.
  void NoteInput() { idle_ = false; }
  // `caught_up` has moved. Only an input tells the machine, so its next deadline does not reckon
  // with it yet: one tick is owed, whatever the deadline is.
  void NoteCaughtUp() { owed_ = true; }

 private:
  absl::Time last_ = absl::InfinitePast();
  bool idle_ = false;  // The last tick found nothing to do.
  bool owed_ = false;
};

}  // namespace trama::platform
