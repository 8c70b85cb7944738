#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "services/platform/config/config_source.h"

namespace trama::platform {

// A configuration in memory, for tests and simulations: stands until Set() changes it.
class FixedConfig final : public ConfigSource {
 public:
  explicit FixedConfig(ConfigPtr config = std::make_shared<ConfigView>());
  ~FixedConfig() override;

  // Tells all listeners before it returns.
  void Set(ConfigPtr config);

  ConfigPtr Current() const override;
  absl::StatusOr<ConfigPtr> Fresh(absl::Duration timeout) override;
  absl::StatusOr<ConfigPtr> Wait(int64_t revision, absl::Duration timeout) override;
  std::shared_ptr<void> Subscribe(Listener listener) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace trama::platform
