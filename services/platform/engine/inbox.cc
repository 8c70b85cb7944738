#include "services/platform/engine/inbox.h"

#include <algorithm>
#include <utility>

#include "services/platform/engine/engine_errors.h"

namespace trama::platform {
namespace {

template <typename T>
void MoveOut(std::deque<T>& from, size_t count_max, std::vector<T>& to) {
  const size_t count = std::min(count_max, from.size());
  for (size_t i = 0; i < count; ++i) {
    to.push_back(std::move(from.front()));
    from.pop_front();
  }
}

}  // namespace

void Inbox::Open(int64_t incarnation, std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  incarnation_ = incarnation;
  wake_ = std::move(wake);
}

std::vector<PendingCall> Inbox::Close() {
  std::lock_guard lock(mutex_);
  incarnation_.reset();
  wake_ = nullptr;
  items_ = Items();
  answers_.clear();
  std::vector<PendingCall> left;
  MoveOut(calls_, calls_.size(), left);
  return left;
}

Inbox::Items Inbox::Take(size_t answers_max, size_t calls_max) {
  std::lock_guard lock(mutex_);
  Items taken = std::exchange(items_, Items());
  MoveOut(answers_, answers_max, taken.answers);
  MoveOut(calls_, calls_max, taken.calls);
  return taken;
}

bool Inbox::empty() const {
  std::lock_guard lock(mutex_);
  return calls_.empty() && answers_.empty() && items_.config == nullptr && !items_.ends.has_value();
}

size_t Inbox::calls() const {
  std::lock_guard lock(mutex_);
  return calls_.size();
}

void Inbox::Wake() {
  std::lock_guard lock(mutex_);
  if (wake_) wake_();
}

absl::Status Inbox::PutCall(PendingCall& call) {
  std::lock_guard lock(mutex_);
  if (!incarnation_.has_value()) return NotOwnerError();
  if (calls_.size() >= calls_max_) return EngineBusyError("calls wait", calls_max_);
  // While something waits the loop does not sleep: whoever put the first has woken it up.
  const bool first = calls_.empty();
  calls_.push_back(std::move(call));
  if (first) wake_();
  return absl::OkStatus();
}

absl::Status Inbox::PutAnswer(int64_t incarnation, Answer answer) {
  std::lock_guard lock(mutex_);
  if (incarnation_ != incarnation) return NotOwnerError();
  if (answers_.size() >= answers_max_) return EngineBusyError("answers wait", answers_max_);
  answers_.push_back(std::move(answer));
  wake_();
  return absl::OkStatus();
}

void Inbox::PutConfig(ConfigPtr config) {
  std::lock_guard lock(mutex_);
  if (!incarnation_.has_value()) return;
  items_.config = std::move(config);
  wake_();
}

void Inbox::PutEnds(int64_t incarnation, absl::StatusOr<TopicOffsets> ends) {
  std::lock_guard lock(mutex_);
  if (incarnation_ != incarnation) return;
  items_.ends = std::move(ends);
  wake_();
}

std::optional<int64_t> Inbox::incarnation() const {
  std::lock_guard lock(mutex_);
  return incarnation_;
}

}  // namespace trama::platform
