#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// W3C Trace Context (level 1): the "traceparent" header. Ids are given or derived, never drawn
// here.
namespace trama {

struct TraceContext {
  std::array<uint8_t, 16> trace_id{};  // Not all zero.
  std::array<uint8_t, 8> span_id{};    // Not all zero.
  bool sampled = false;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// None for what is no valid traceparent: the standard then wants a new trace, not an error.
// Versions above 00 are read as 00, as the standard says.
std::optional<TraceContext> ParseTraceparent(std::string_view header);

// "00-<32 hex>-<16 hex>-<01|00>".
std::string FormatTraceparent(const TraceContext& context);

// The same trace, another span.
TraceContext ChildSpan(const TraceContext& parent, const std::array<uint8_t, 8>& span_id);

// For machines, which may not draw: the traceparent of what `cause` (an id) brought about below
// `parent`. Equal arguments give equal text. When `parent` is no valid traceparent, a new,
// unsampled trace begins.
std::string DerivedTraceparent(std::string_view parent, std::string_view cause);

}  // namespace trama
