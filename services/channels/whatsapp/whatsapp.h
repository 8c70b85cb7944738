#pragma once

#include "absl/status/status.h"
#include "services/platform/service/runtime.h"

namespace trama::whatsapp {

// Wires the service up: doors, media fetch and delivery.
absl::Status SetUp(platform::Runtime& runtime);

}  // namespace trama::whatsapp
