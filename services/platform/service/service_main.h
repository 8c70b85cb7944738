#pragma once

#include <functional>

#include "absl/status/status.h"
#include "services/platform/service/runtime.h"

namespace trama::platform {

// The whole main() of a service:
//
//   int main(int argc, char** argv) {
//     return trama::platform::ServiceMain(
//         argc, argv, {.name = "profile", .purpose = "Knows who a customer is."},
//         [](trama::platform::Runtime& runtime) -> absl::Status {
//           …
//           runtime.AddGrpcService(std::make_unique<ProfileServer>(runtime.gate(), …));
//           return absl::OkStatus();
//         });
//   }
//
// Exit codes: 0 after an ordered end, 1 after an error or a drain that took too long, 2 after
// mistakes in the settings. A second SIGTERM or SIGINT ends the process at once; one that comes
// during setup gives setup kStartStopMax to notice Runtime::stopping() and then ends it.
int ServiceMain(int argc, char** argv, const ServiceInfo& info,
                const std::function<absl::Status(Runtime&)>& setup);

inline constexpr absl::Duration kStartStopMax = absl::Seconds(2);

}  // namespace trama::platform
