#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "services/kernel/errors.h"  // TypedError, InvalidField, RetryAfter and their readers.

namespace trama::platform {

// Further details than this do not fit into HTTP/2 headers and are left out; code and text remain.
inline constexpr size_t kErrorDetailsBytesMax = 4096;
inline constexpr size_t kErrorMessageBytesMax = 2048;

// The payloads travel as google.rpc.Status in the trailing metadata `grpc-status-details-bin`.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace trama::platform
