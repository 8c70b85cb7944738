#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "services/platform/config/config_board.h"
#include "services/platform/config/config_source.h"

namespace trama::platform {

// A configuration in memory, for tests and simulations: stands until Set() changes it.
class FixedConfig final : public ConfigSource {
 public:
  explicit FixedConfig(ConfigPtr config = std::make_shared<ConfigView>()) {
    Set(std::move(config));
  }

  // Tells all listeners before it returns.
  void Set(ConfigPtr config) { board_.Show(std::move(config)); }

  // What stands on the topic and is not read yet: the next Fresh() brings it.
  void SetUnread(ConfigPtr config) {
    const std::lock_guard lock(mutex_);
    unread_ = std::move(config);
  }

  ConfigPtr Current() const override { return board_.Current(); }
  absl::StatusOr<ConfigPtr> Fresh(absl::Duration) override {
    const std::lock_guard lock(mutex_);
    if (unread_ != nullptr) board_.Show(std::exchange(unread_, nullptr));
    return board_.Current();
  }
  absl::StatusOr<ConfigPtr> Wait(int64_t revision, absl::Duration timeout) override {
    return board_.Wait(revision, timeout);
  }
  std::shared_ptr<void> Subscribe(Listener listener) override {
    return board_.Subscribe(std::move(listener));
  }

 private:
  ConfigBoard board_;
  std::mutex mutex_;
  ConfigPtr unread_;  // Guarded by mutex_.
};

}  // namespace trama::platform
