#include "services/kernel/trace_context.h"

#include <algorithm>
#include <cstddef>

#include "services/kernel/digest.h"
#include "services/kernel/hex.h"
#include "services/kernel/ids.h"

namespace trama {
namespace {

// 00-<trace id>-<span id>-<flags>
constexpr size_t kTraceAt = 3;
constexpr size_t kSpanAt = 36;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;

// The value of each lower-case hexadecimal digit, kNoDigit for other characters.
constexpr uint8_t kNoDigit = 0xff;
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (int i = 0; i < 10; ++i) values[static_cast<size_t>('0' + i)] = static_cast<uint8_t>(i);
  for (int i = 0; i < 6; ++i) values[static_cast<size_t>('a' + i)] = static_cast<uint8_t>(10 + i);
  return values;
}();

template <size_t N>
bool ReadHex(std::string_view text, std::array<uint8_t, N>& out) {
  for (size_t i = 0; i < N; ++i) {
    const uint8_t high = kHexValues[static_cast<uint8_t>(text[2 * i])];
    const uint8_t low = kHexValues[static_cast<uint8_t>(text[2 * i + 1])];
    if (high == kNoDigit || low == kNoDigit) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

template <size_t N>
void WriteHex(const std::array<uint8_t, N>& bytes, char* to) {
  for (const uint8_t byte : bytes) to = trama::WriteHex(byte, to);
}

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& bytes) {
  std::string out(2 * N, '0');
  WriteHex(bytes, out.data());
  return out;
}

template <size_t N>
bool IsZero(const std::array<uint8_t, N>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
}

template <size_t N>
std::array<uint8_t, N> FirstBytes(const std::string& digest) {
  std::array<uint8_t, N> out;
  std::copy_n(digest.begin(), N, out.begin());
  if (IsZero(out)) out.back() = 1;  // Zero means "invalid" to readers.
  return out;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  std::array<uint8_t, 1> version;
  std::array<uint8_t, 1> flags;
  TraceContext context;
  if (!ReadHex(header, version) || !ReadHex(header.substr(kTraceAt), context.trace_id) ||
      !ReadHex(header.substr(kSpanAt), context.span_id) ||
      !ReadHex(header.substr(kFlagsAt), flags)) {
    return std::nullopt;
  }
  if (header[kTraceAt - 1] != '-' || header[kSpanAt - 1] != '-' || header[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  if (version[0] == 0xff) return std::nullopt;
  // Version 00 ends here; a later one may go on after another dash.
  if (header.size() > kLength && (version[0] == 0 || header[kLength] != '-')) return std::nullopt;
  if (IsZero(context.trace_id) || IsZero(context.span_id)) return std::nullopt;
  context.sampled = (flags[0] & 1) != 0;
  return context;
}

std::string FormatTraceparent(const TraceContext& context) {
  std::string text(kLength, '-');
  text.replace(0, 2, "00");
  WriteHex(context.trace_id, text.data() + kTraceAt);
  WriteHex(context.span_id, text.data() + kSpanAt);
  text.replace(kFlagsAt, 2, context.sampled ? "01" : "00");
  return text;
}

TraceContext ChildSpan(const TraceContext& parent, const std::array<uint8_t, 8>& span_id) {
  TraceContext child = parent;
  child.span_id = span_id;
  return child;
}

std::string DerivedTraceparent(std::string_view parent, std::string_view cause) {
  TraceContext context;
  if (const std::optional<TraceContext> known = ParseTraceparent(parent)) {
    context = *known;
  } else {
    context.trace_id = FirstBytes<16>(Sha256(JoinParts({"trace", cause})));
  }
  const std::string digest =
      Sha256(JoinParts({"span", Hex(context.trace_id), Hex(context.span_id), cause}));
  return FormatTraceparent(ChildSpan(context, FirstBytes<8>(digest)));
}

}  // namespace trama
