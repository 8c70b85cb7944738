#pragma once

#include "absl/status/status.h"
#include "services/platform/service/runtime.h"

namespace trama::open_channel {

// Puts the service together.
absl::Status SetUp(platform::Runtime& runtime);

}  // namespace trama::open_channel
