#include "services/platform/engine/tick_pace.h"

namespace trama::platform {

bool TickPace::IsDue(absl::Time now, absl::Time deadline) const {
  if (owed_) return true;
  if (deadline > now) return false;
  return !idle_ || now - last_ >= kPause;
}

absl::Time TickPace::NextAt(absl::Time now, absl::Time deadline) const {
  if (IsDue(now, deadline)) return now;
  return deadline > now ? deadline : last_ + kPause;
}

void TickPace::Ticked(absl::Time now, bool found_work) {
  last_ = now;
  idle_ = !found_work;
  owed_ = false;
}

}  // namespace trama::platform
