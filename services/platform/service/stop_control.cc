#include "services/platform/service/stop_control.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "services/platform/base/log.h"

namespace trama::platform {

StopControl::StopControl(const Clock& clock, absl::Duration start_limit, absl::Duration drain_limit)
    : clock_(clock), start_limit_(start_limit), drain_limit_(drain_limit) {
  watchdog_ = std::thread([this] { Watch(); });
}

StopControl::~StopControl() {
  Finish();
  watchdog_.join();
}

void StopControl::OnSignal(int number) {
  const std::lock_guard lock(mutex_);
  Log(LogLevel::kInfo, "signal", {{"signal", number}, {"doing", step_}});
  if (++signals_ > 1) {
    Log(LogLevel::kError, "second signal: ending at once", {{"doing", step_}});
    _exit(1);
  }
  RequestLocked();
}

void StopControl::Request() {
  const std::lock_guard lock(mutex_);
  RequestLocked();
}

void StopControl::Fail(const absl::Status& why) {
  Log(LogLevel::kError, "cannot go on", {{"why", why}});
  const std::lock_guard lock(mutex_);
  exit_code_ = 1;
  RequestLocked();
}

void StopControl::RequestLocked() {
  if (requested_) return;
  requested_ = true;
  requested_at_ = clock_.Monotonic();
  changed_.notify_all();
}

bool StopControl::requested() const {
  const std::lock_guard lock(mutex_);
  return requested_;
}

void StopControl::Wait() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return requested_; });
}

void StopControl::BeginDrain() {
  const std::lock_guard lock(mutex_);
  RequestLocked();
  draining_ = true;
  draining_since_ = clock_.Monotonic();
  changed_.notify_all();
}

void StopControl::Note(std::string step) {
  const std::lock_guard lock(mutex_);
  step_ = std::move(step);
}

absl::Duration StopControl::time_left() const {
  const std::lock_guard lock(mutex_);
  if (!draining_) return drain_limit_;
  return std::max(absl::ZeroDuration(), EndsAt() - clock_.Monotonic());
}

int StopControl::Finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
  return exit_code_;
}

absl::Duration StopControl::EndsAt() const {
  return draining_ ? draining_since_ + drain_limit_ : requested_at_ + start_limit_;
}

void StopControl::Watch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return requested_ || finished_; });
  while (!finished_) {
    const absl::Duration left = EndsAt() - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) {
      // A setup that is given up has served nothing, so it is no failure.
      const int code = draining_ ? 1 : exit_code_;
      Log(code == 0 ? LogLevel::kWarning : LogLevel::kError, "did not end in time: ending at once",
          {{"doing", step_}});
      _exit(code);
    }
    changed_.wait_for(lock, absl::ToChronoNanoseconds(left));
  }
}

}  // namespace trama::platform
