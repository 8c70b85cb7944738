#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

// Errors that a program can act on: an absl::Status whose payloads are the standard details of
// google.rpc (ErrorInfo, BadRequest, RetryInfo). The gRPC edge carries them to the client and back,
// so that they read the same in a machine, in a service and in a client. Pure.
namespace trama {

using ErrorMetadata = std::map<std::string, std::string>;

// The domain of all our ErrorInfo.
inline constexpr char kErrorDomain[] = "trama";

// `reason` is UPPER_SNAKE and a contract ("OFFER_EXPIRED"); `message` says what was wrong, the
// value and what to do (lower case, no full stop). Metadata holds ids and facts, no personal data.
absl::Status TypedError(absl::StatusCode code, std::string_view reason, std::string_view message,
                        const ErrorMetadata& metadata = {});

// One field of a request that is wrong. `description` goes on after the value: "does not exist; see
// tramactl get workspaces".
struct FieldViolation {
  std::string field;  // "spec.queues[2].name"
  std::string description;
  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// INVALID_ARGUMENT with reason INVALID_FIELD: `workspace "demo2" does not exist; see …`. Do not
// give the value of a field that holds personal data or a secret: leave it empty.
absl::Status InvalidField(std::string_view field, std::string_view value,
                          std::string_view description);
// The same for several at once; at least one.
absl::Status InvalidFields(const std::vector<FieldViolation>& violations);

// The same error with the advice to come again after `delay`.
absl::Status RetryAfter(absl::Status status, absl::Duration delay);

// What the details say; empty when there is none.
std::string ErrorReason(const absl::Status& status);
ErrorMetadata ErrorMetadataOf(const absl::Status& status);
std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status);
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace trama
