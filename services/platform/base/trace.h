#pragma once

#include <string>
#include <string_view>

namespace trama::platform {

// At the borders of the system, where a trace may begin: what a client or vendor sent.

// What a valid traceparent says, written as version 00: what a later version or a sender adds to
// it does not travel on. Otherwise a new, unsampled one with drawn ids.
std::string TraceparentOrNew(std::string_view header);

// The 32 hex digits of the trace id; empty when `traceparent` is not valid.
std::string TraceIdOf(std::string_view traceparent);

}  // namespace trama::platform
