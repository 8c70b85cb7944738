#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/access.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::platform {

// The access rules of a cluster (Kafka's ACLs), as far as they allow something to a user from every
// host; rules that deny, or that name a host, are somebody else's and left alone. Needs a user that
// may Alter the cluster. Thread-safe; every call waits at most `timeout`.
class AccessAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<AccessAdmin>> Create(const KafkaConfig& config);
  virtual ~AccessAdmin() = default;

  // FAILED_PRECONDITION: the cluster has no authorizer.
  virtual absl::StatusOr<std::vector<AccessRule>> Describe(absl::Duration timeout) = 0;

  // A rule that is there is no error.
  virtual absl::Status Add(const std::vector<AccessRule>& rules, absl::Duration timeout) = 0;
  // A rule that is not there is no error.
  virtual absl::Status Remove(const std::vector<AccessRule>& rules, absl::Duration timeout) = 0;
};

// Makes `change`, and returns when the broker that answers goes by `wanted`: it hears of new rules
// from its controller, a little later than the controller says that they are made, and until then
// refuses whom they allow. DEADLINE_EXCEEDED: made, and not heard of within `timeout`.
absl::Status ChangeAccess(AccessAdmin& admin, const std::vector<AccessRule>& wanted,
                          const AccessChange& change, absl::Duration timeout);

}  // namespace trama::platform
