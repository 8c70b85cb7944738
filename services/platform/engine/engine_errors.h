#pragma once

#include <string_view>

#include "absl/status/status.h"

// The host's own answers to calls, each with a retry delay where coming again makes sense.
namespace trama::platform {

// UNAVAILABLE, reason NOT_OWNER: this process does not serve the partition.
absl::Status NotOwnerError();
// UNAVAILABLE, reason OWNER_LOST: it was applied, perhaps, but its commit is not known to be.
absl::Status OwnerLostError();
// RESOURCE_EXHAUSTED, reason BUSY: `what` has reached its limit.
absl::Status EngineBusyError(std::string_view what, size_t limit);
// DEADLINE_EXCEEDED.
absl::Status CallLateError();

}  // namespace trama::platform
