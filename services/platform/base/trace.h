#pragma once

#include <string>
#include <string_view>

namespace trama::platform {

// At the borders of the system, where a trace may begin: what a client or vendor sent.

// `header` if it is a valid traceparent, otherwise a new, unsampled one with drawn ids.
std::string TraceparentOrNew(std::string_view header);

// The 32 hex digits of the trace id; empty when `traceparent` is not valid.
std::string TraceIdOf(std::string_view traceparent);

}  // namespace trama::platform
