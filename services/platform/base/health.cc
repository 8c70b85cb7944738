#include "services/platform/base/health.h"

#include "absl/strings/str_cat.h"

namespace trama::platform {

struct Heartbeat::State {
  const Clock* clock;
  std::string name;
  absl::Duration stale_after;
  std::atomic<int64_t> last_ms{0};

  int64_t NowMs() const { return absl::ToInt64Milliseconds(clock->Monotonic()); }
};

struct Condition::State {
  std::string name;
  bool holds = false;  // Guarded by Health::mutex_.
  std::string why_not = "not yet";
  std::string note;
};

Heartbeat::~Heartbeat() = default;

void Heartbeat::Beat() { state_->last_ms.store(state_->NowMs(), std::memory_order_relaxed); }

Condition::~Condition() {
  {
    const std::lock_guard lock(health_.mutex_);
    state_.reset();
  }
  health_.NoteChange();
}

void Condition::Set(bool holds, std::string_view why_not) {
  {
    const std::lock_guard lock(health_.mutex_);
    state_->holds = holds;
    state_->why_not = why_not.empty() ? "does not hold" : std::string(why_not);
  }
  health_.NoteChange();
}

void Condition::Note(std::string_view note) {
  const std::lock_guard lock(health_.mutex_);
  state_->note = std::string(note);
}

std::unique_ptr<Heartbeat> Health::AddHeartbeat(std::string name, absl::Duration stale_after) {
  auto state = std::make_shared<Heartbeat::State>();
  state->clock = &clock_;
  state->name = std::move(name);
  state->stale_after = stale_after;
  state->last_ms.store(state->NowMs());
  const std::lock_guard lock(mutex_);
  std::erase_if(heartbeats_, [](const auto& held) { return held.expired(); });
  heartbeats_.push_back(state);
  return std::unique_ptr<Heartbeat>(new Heartbeat(std::move(state)));
}

std::unique_ptr<Condition> Health::AddCondition(std::string name) {
  auto state = std::make_shared<Condition::State>();
  state->name = std::move(name);
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(conditions_, [](const auto& held) { return held.expired(); });
    conditions_.push_back(state);
  }
  NoteChange();
  return std::unique_ptr<Condition>(new Condition(*this, std::move(state)));
}

HealthReport Health::Live() const {
  HealthReport report;
  const std::lock_guard lock(mutex_);
  for (const auto& weak : heartbeats_) {
    const std::shared_ptr<Heartbeat::State> state = weak.lock();
    if (state == nullptr) continue;
    const absl::Duration age = absl::Milliseconds(state->NowMs() - state->last_ms.load());
    if (age <= state->stale_after) continue;
    report.fine = false;
    report.missing.push_back(absl::StrCat(state->name, ": last turn ", absl::FormatDuration(age),
                                          " ago, allowed are ",
                                          absl::FormatDuration(state->stale_after)));
  }
  return report;
}

HealthReport Health::Ready() const {
  HealthReport report;
  const std::lock_guard lock(mutex_);
  if (draining_) {
    report.fine = false;
    report.missing.push_back("draining: the process is about to end");
  }
  for (const auto& weak : conditions_) {
    const std::shared_ptr<Condition::State> state = weak.lock();
    if (state == nullptr) continue;
    if (!state->note.empty()) report.notes.push_back(absl::StrCat(state->name, ": ", state->note));
    if (state->holds) continue;
    report.fine = false;
    report.missing.push_back(absl::StrCat(state->name, ": ", state->why_not));
  }
  return report;
}

void Health::StartDraining() {
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
  }
  NoteChange();
}

void Health::OnReadyChange(std::function<void(bool ready)> listener) {
  const std::lock_guard notify(notify_mutex_);
  last_ready_ = Ready().fine;
  listener(last_ready_);
  listeners_.push_back(std::move(listener));
}

void Health::NoteChange() {
  const std::lock_guard notify(notify_mutex_);
  const bool ready = Ready().fine;
  if (ready == last_ready_) return;
  last_ready_ = ready;
  for (const auto& listener : listeners_) listener(ready);
}

}  // namespace trama::platform
