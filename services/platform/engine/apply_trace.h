#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/platform/base/span.h"

namespace trama::platform {

// Notes the span of one input that a machine has applied since `begun`, below the traceparent that
// came with it. Its id is the one that the machine's records carry, so that what follows from them
// lies below it. Its traceparent; empty when the input is of no sampled trace.
std::string TraceApply(const std::string& service, const Input& input, const Effects& effects,
                       absl::Time begun);

// A span for each of these traceparents; they end together with the commit.
std::vector<Span> StartCommitSpans(const std::vector<std::string>& traceparents);

}  // namespace trama::platform
