#pragma once

#include "absl/status/status.h"
#include "services/platform/base/settings.h"
#include "services/platform/service/runtime.h"

namespace trama::open_channel {

// Adds what is wrong with the service's own settings.
void CheckSettings(platform::Mistakes& mistakes);

// Puts the service together.
absl::Status SetUp(platform::Runtime& runtime);

}  // namespace trama::open_channel
