#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/clock.h"
#include "services/platform/config/config_source.h"

namespace trama::platform {

// The secrets by which ids of personal values are keyed, one per workspace (WorkspaceSpec names
// where each is kept). Thread-safe. May read a file.
class IdentitySecrets {
 public:
  using Resolver = std::function<absl::StatusOr<std::string>(std::string_view reference)>;

  // `resolve` is ResolveSecret but in tests. `config` and `clock` must outlive it.
  IdentitySecrets(const ConfigSource& config, const Clock& clock, Resolver resolve);

  // InvalidField("workspace") when the workspace does not exist; FAILED_PRECONDITION, naming the
  // reference, when its secret cannot be read or is too short for KeyedId.
  absl::StatusOr<std::string> Of(const std::string& workspace) const;

  // A secret is read anew after this time, a failure after kFailureKept.
  static constexpr absl::Duration kKept = absl::Seconds(30);
  static constexpr absl::Duration kFailureKept = absl::Seconds(1);

 private:
  struct Cached {
    absl::StatusOr<std::string> secret;
    absl::Duration good_until;
  };

  const ConfigSource& config_;
  const Clock& clock_;
  const Resolver resolve_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Cached> by_reference_;
};

}  // namespace trama::platform
