#pragma once

#include "absl/status/status.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/service/runtime.h"

namespace trama::profile {

// Puts the service together.
absl::Status SetUp(platform::Runtime& runtime);

}  // namespace trama::profile
