#include "services/platform/engine/caught_up.h"

#include <utility>

namespace trama::platform {

bool CaughtUp::ShouldAsk(absl::Time now, absl::Time deadline) const {
  if (asking_ || ends_.has_value()) return false;
  const bool needed = deadline <= now && time_ < deadline;
  // A question that failed, or whose answer came within the same millisecond, is not repeated in a
  // row.
  if (needed && asked_at_ < now) return true;
  return now - asked_at_ >= kAskInterval;
}

void CaughtUp::Asked(absl::Time now) {
  asking_ = true;
  asked_at_ = now;
}

void CaughtUp::Answered(TopicOffsets ends) {
  asking_ = false;
  ends_ = std::move(ends);
}

void CaughtUp::Failed() { asking_ = false; }

bool CaughtUp::Advance(const std::function<int64_t(const std::string&)>& position) {
  if (!ends_.has_value()) return false;
  for (const auto& [topic, end] : *ends_) {
    if (position(topic) < end) return false;
  }
  ends_.reset();
  const bool moved = asked_at_ > time_;
  time_ = asked_at_;
  return moved;
}

}  // namespace trama::platform
