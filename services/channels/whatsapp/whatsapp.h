#pragma once

#include "absl/status/status.h"
#include "services/platform/base/settings.h"
#include "services/platform/service/runtime.h"

namespace trama::whatsapp {

// Wires the service up: doors, media fetch and delivery.
absl::Status SetUp(platform::Runtime& runtime);

// What is wrong with the service's own settings.
void CheckSettings(platform::Mistakes& mistakes);

}  // namespace trama::whatsapp
