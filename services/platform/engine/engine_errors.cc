#include "services/platform/engine/engine_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"
#include "services/platform/engine/engine_host.h"

namespace trama::platform {

absl::Status NotOwnerError() {
  return RetryAfter(TypedError(absl::StatusCode::kUnavailable, "NOT_OWNER",
                               "the owner of this workspace is changing, come again"),
                    kEngineRetryDelay);
}

absl::Status OwnerLostError() {
  return RetryAfter(
      TypedError(absl::StatusCode::kUnavailable, "OWNER_LOST",
                 "the call was lost with its owner, repeat it with the same command_id"),
      kEngineRetryDelay);
}

absl::Status EngineBusyError(std::string_view what, size_t limit) {
  const std::string text =
      absl::StrCat("too many ", ToAbsl(what), " (", limit, "), come again later");
  return RetryAfter(TypedError(absl::StatusCode::kResourceExhausted, "BUSY", text),
                    kEngineRetryDelay);
}

absl::Status CallLateError() {
  return absl::DeadlineExceededError("the call's deadline has passed before it was carried out");
}

}  // namespace trama::platform
