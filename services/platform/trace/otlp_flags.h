#pragma once

#include <string>

#include "absl/flags/declare.h"
#include "services/platform/base/settings.h"
#include "services/platform/trace/otlp_exporter.h"

ABSL_DECLARE_FLAG(std::string, otlp_endpoint);
ABSL_DECLARE_FLAG(double, otlp_sampling_ratio);
ABSL_DECLARE_FLAG(int32_t, otlp_queue_max);

namespace trama::platform {

// Adds what is wrong with them.
void CheckOtlpFlags(Mistakes& mistakes);

// With an empty endpoint when nothing is to be exported.
OtlpOptions OtlpOptionsFromFlags(TracedService service);

// "host/pid", so that the replicas of a machine differ.
std::string ProcessInstance();

}  // namespace trama::platform
