#include "services/profile/request_identifiers.h"

#include <utility>

#include "services/kernel/errors.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/strings.h"
#include "services/profile/row_key.h"

namespace trama::profile {

absl::StatusOr<Owner> RequestIdentifiers::Read(const Caller& caller, const std::string& workspace,
                                               const types::v1::Identifier& identifier,
                                               std::string_view field) const {
  const absl::StatusOr<std::string> secret = secrets_.Of(workspace);
  if (!secret.ok()) return secret.status();
  absl::StatusOr<Identifier> read = absl::UnknownError("not read");
  if (caller.HasRole("service")) {
    read = FromProto(identifier);
  } else {
    const config::v1::WorkspaceSpec* spec = config_.Current()->FindWorkspace(workspace);
    read = normal_forms_.Of(KindWord(identifier.kind()), identifier.scope(), identifier.value(),
                            spec == nullptr ? "" : spec->default_region());
  }
  if (!read.ok()) {
    return InvalidField(field, "", ToStd(read.status().message()));
  }
  types::v1::Identifier proto = ToProto(*read);
  std::string customer_id = CustomerIdOf(*secret, proto);
  return Owner{std::move(customer_id), std::move(proto)};
}

absl::StatusOr<std::string> RequestIdentifiers::CheckedId(const std::string& workspace,
                                                          const std::string& customer_id) const {
  // A workspace that does not exist is an error of its own.
  const absl::StatusOr<int32_t> partition = config_.Current()->PartitionOf(workspace);
  if (!partition.ok()) return partition.status();
  if (!IsEntityId(customer_id)) {
    return InvalidField("customer_id", customer_id, "is no customer id; give one or an identifier");
  }
  return customer_id;
}

}  // namespace trama::profile
