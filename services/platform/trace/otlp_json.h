#pragma once

#include <string>
#include <vector>

#include "services/platform/base/span.h"

namespace trama::platform {

// Whose spans they are.
struct TracedService {
  std::string name;      // "trama-routing"
  std::string version;   // "0.1.0"
  std::string instance;  // Tells replicas apart.
};

// An ExportTraceServiceRequest of OTLP 1 in its JSON form: ids as hexadecimal digits, enums as
// numbers, 64-bit numbers as texts. Source:
// opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
std::string OtlpTraces(const TracedService& service, const std::vector<FinishedSpan>& spans);

}  // namespace trama::platform
