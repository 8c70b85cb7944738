#include "services/platform/config/config_board.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trama::platform {

void ConfigBoard::Show(ConfigPtr config) {
  {
    std::lock_guard lock(mutex_);
    current_ = config;
  }
  changed_.notify_all();
  std::lock_guard lock(listeners_->mutex);
  for (const auto& [id, listener] : listeners_->by_id) listener(config);
}

ConfigPtr ConfigBoard::Current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

absl::StatusOr<ConfigPtr> ConfigBoard::Wait(int64_t revision, absl::Duration timeout) const {
  std::unique_lock lock(mutex_);
  const bool reached = changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                                         [&] { return current_->revision() >= revision; });
  if (reached) return current_;
  return absl::DeadlineExceededError(
      absl::StrCat("configuration revision ", revision, " did not arrive within ",
                   absl::FormatDuration(timeout), ", the newest is ", current_->revision()));
}

std::shared_ptr<void> ConfigBoard::Subscribe(ConfigSource::Listener listener) {
  std::lock_guard lock(listeners_->mutex);
  const uint64_t id = listeners_->next_id++;
  listeners_->by_id.emplace(id, std::move(listener));
  // The handle's deleter ends the subscription; it keeps the list alive, not the board.
  return std::shared_ptr<void>(static_cast<void*>(listeners_.get()),
                               [listeners = listeners_, id](void*) {
                                 std::lock_guard erase_lock(listeners->mutex);
                                 listeners->by_id.erase(id);
                               });
}

}  // namespace trama::platform
