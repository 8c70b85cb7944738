#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/config/config_source.h"

namespace trama::platform {

// Internal to this library: shows the newest revision to those who read, wait and listen. Thread-
// safe. Subscriptions may outlive it.
class ConfigBoard {
 public:
  // Tells all listeners before it returns. One caller at a time.
  void Show(ConfigPtr config);

  ConfigPtr Current() const;
  absl::StatusOr<ConfigPtr> Wait(int64_t revision, absl::Duration timeout) const;
  std::shared_ptr<void> Subscribe(ConfigSource::Listener listener);

 private:
  struct Listeners {
    std::mutex mutex;  // Held while listeners run.
    std::map<uint64_t, ConfigSource::Listener> by_id;
    uint64_t next_id = 0;
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  ConfigPtr current_ = ConfigView::NotReadYet();
  std::shared_ptr<Listeners> listeners_ = std::make_shared<Listeners>();
};

}  // namespace trama::platform
