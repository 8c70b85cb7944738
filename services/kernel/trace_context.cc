#include "services/kernel/trace_context.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/ids.h"

namespace trama {
namespace {

// 00-<trace id>-<span id>-<flags>
constexpr size_t kTraceAt = 3;
constexpr size_t kSpanAt = 36;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;

// The value of a lower-case hexadecimal digit, negative for others.
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <size_t N>
bool ReadHex(std::string_view text, std::array<uint8_t, N>& out) {
  for (size_t i = 0; i < N; ++i) {
    const int high = HexValue(text[2 * i]);
    const int low = HexValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& bytes) {
  return absl::BytesToHexString(
      std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
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
  return absl::StrCat("00-", Hex(context.trace_id), "-", Hex(context.span_id), "-",
                      context.sampled ? "01" : "00");
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
