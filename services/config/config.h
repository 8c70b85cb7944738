#pragma once

#include "absl/status/status.h"
#include "services/platform/service/runtime.h"

namespace trama::config {

// Wires the service up: topics checked, log followed, gRPC served.
absl::Status SetUp(platform::Runtime& runtime);

}  // namespace trama::config
