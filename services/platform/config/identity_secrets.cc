#include "services/platform/config/identity_secrets.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"

namespace trama::platform {

IdentitySecrets::IdentitySecrets(const ConfigSource& config, const Clock& clock, Resolver resolve)
    : config_(config), clock_(clock), resolve_(std::move(resolve)) {}

absl::StatusOr<std::string> IdentitySecrets::Of(const std::string& workspace) const {
  const ConfigPtr view = config_.Current();
  const config::v1::WorkspaceSpec* spec = view->FindWorkspace(workspace);
  if (spec == nullptr) return view->PartitionOf(workspace).status();
  const std::string& reference = spec->identity_secret();
  const absl::Duration now = clock_.Monotonic();
  {
    const std::lock_guard lock(mutex_);
    const auto cached = by_reference_.find(reference);
    if (cached != by_reference_.end() && now < cached->second.good_until) {
      return cached->second.secret;
    }
  }
  // Not under the lock: a file may take long.
  absl::StatusOr<std::string> secret = resolve_(reference);
  if (!secret.ok()) {
    secret = absl::FailedPreconditionError(absl::StrCat(
        "identity_secret of workspace \"", workspace, "\": ", secret.status().message()));
  } else if (secret->size() < kIdSecretMinBytes) {
    secret = absl::FailedPreconditionError(
        absl::StrCat("identity_secret of workspace \"", workspace, "\" has ", secret->size(),
                     " bytes; it needs at least ", kIdSecretMinBytes));
  }
  const std::lock_guard lock(mutex_);
  by_reference_.insert_or_assign(reference,
                                 Cached{secret, now + (secret.ok() ? kKept : kFailureKept)});
  return secret;
}

}  // namespace trama::platform
