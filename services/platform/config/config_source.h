#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/config/config_view.h"

namespace trama::platform {

using ConfigPtr = std::shared_ptr<const ConfigView>;

// Where a service gets its configuration from: ConfigFollower in production, FixedConfig in tests.
// Thread-safe.
class ConfigSource {
 public:
  virtual ~ConfigSource() = default;

  // The newest revision taken in; revision 0 before the first one. Never null.
  virtual ConfigPtr Current() const = 0;

  // A revision that is at least as new as any that was committed before this call.
  // DEADLINE_EXCEEDED when it could not be read in time.
  virtual absl::StatusOr<ConfigPtr> Fresh(absl::Duration timeout) = 0;

  // Waits until `revision`, or a newer one, was taken in. DEADLINE_EXCEEDED otherwise.
  virtual absl::StatusOr<ConfigPtr> Wait(int64_t revision, absl::Duration timeout) = 0;

  // Called with each new revision from now on, in order, from a thread of the source; must be quick
  // and must not call Subscribe. The subscription ends when the returned handle is destroyed, which
  // waits for a call under way (so not from within the callback).
  using Listener = std::function<void(const ConfigPtr&)>;
  virtual std::shared_ptr<void> Subscribe(Listener listener) = 0;
};

}  // namespace trama::platform
