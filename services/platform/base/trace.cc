#include "services/platform/base/trace.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "services/kernel/trace_context.h"
#include "services/platform/base/drawn_id.h"

namespace trama::platform {
namespace {

template <size_t N>
void Draw(std::array<uint8_t, N>& bytes) {
  bytes = DrawId<N>();
  bytes[N - 1] |= 1;  // All zero is not allowed.
}

}  // namespace

std::string TraceparentOrNew(std::string_view header) {
  if (const auto given = ParseTraceparent(header)) return FormatTraceparent(*given);
  TraceContext context;
  Draw(context.trace_id);
  Draw(context.span_id);
  return FormatTraceparent(context);
}

std::string TraceIdOf(std::string_view traceparent) {
  const std::optional<TraceContext> context = ParseTraceparent(traceparent);
  if (!context.has_value()) return "";
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(context->trace_id.data()),
                                            context->trace_id.size()));
}

}  // namespace trama::platform
