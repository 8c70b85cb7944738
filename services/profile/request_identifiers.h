#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/kernel/caller.h"
#include "services/platform/config/config_source.h"
#include "services/platform/config/identity_secrets.h"
#include "services/profile/normal_forms.h"
#include "services/profile/owner.h"

namespace trama::profile {

// Turns the identifiers of requests into those under which rows are kept. Thread-safe.
class RequestIdentifiers {
 public:
  // Both must outlive it.
  RequestIdentifiers(const platform::ConfigSource& config, const platform::IdentitySecrets& secrets)
      : config_(config), secrets_(secrets) {}

  // Normalised, but taken as it is from a service, which has it from an event: a rule that has
  // changed since must not make a stranger of him. InvalidField names `field` or the workspace,
  // never the value; FAILED_PRECONDITION when the workspace's secret cannot be read.
  absl::StatusOr<Owner> Read(const Caller& caller, const std::string& workspace,
                             const types::v1::Identifier& identifier, std::string_view field) const;

  // The customer id that a request names, directly or by identifier.
  template <typename Request>
  absl::StatusOr<std::string> Who(const Caller& caller, const Request& request) const {
    if (request.has_identifier()) {
      absl::StatusOr<Owner> owner =
          Read(caller, request.workspace(), request.identifier(), "identifier");
      if (!owner.ok()) return owner.status();
      return owner->customer_id;
    }
    return CheckedId(request.workspace(), request.customer_id());
  }

 private:
  absl::StatusOr<std::string> CheckedId(const std::string& workspace,
                                        const std::string& customer_id) const;

  const platform::ConfigSource& config_;
  const platform::IdentitySecrets& secrets_;
  mutable NormalForms normal_forms_;
};

}  // namespace trama::profile
