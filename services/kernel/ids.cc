#include "services/kernel/ids.h"

#include <array>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/digest.h"
#include "services/kernel/hex.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

constexpr size_t kUuidBytes = 16;

bool IsDashPlace(size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

// The first 16 bytes of `digest` with the version and variant of RFC 9562, 5.8 written over them.
std::string UuidText(std::string digest) {
  digest.resize(kUuidBytes);
  digest[6] = static_cast<char>((digest[6] & 0x0f) | 0x80);
  digest[8] = static_cast<char>((digest[8] & 0x3f) | 0x80);
  std::string text(kIdBytes, '-');
  char* to = text.data();
  for (const char c : digest) {
    if (IsDashPlace(static_cast<size_t>(to - text.data()))) ++to;
    to = WriteHex(static_cast<uint8_t>(c), to);
  }
  return text;
}

constexpr size_t kLengthBytesMax = 21;  // Of the decimal length and the colon.

// "<length in bytes>:<part>"
void AppendPart(std::string_view part, std::string& joined) {
  std::array<char, kLengthBytesMax> length;
  char* end = std::to_chars(length.data(), length.data() + length.size() - 1, part.size()).ptr;
  *end++ = ':';
  joined.append(length.data(), static_cast<size_t>(end - length.data()));
  joined.append(part);
}

}  // namespace

std::string JoinParts(std::initializer_list<std::string_view> parts) {
  size_t bytes_max = 0;
  for (const std::string_view part : parts) bytes_max += part.size() + kLengthBytesMax;
  std::string joined;
  joined.reserve(bytes_max);
  for (const std::string_view part : parts) AppendPart(part, joined);
  return joined;
}

// The first part tells the three ways of asking apart, so that none gives the id of another.
std::string DerivedId(std::string_view cause, std::string_view label) {
  return UuidText(Sha256(JoinParts({"label", cause, label})));
}

std::string DerivedId(std::string_view cause, int64_t ordinal) {
  return UuidText(Sha256(JoinParts({"ordinal", cause, absl::StrCat(ordinal)})));
}

std::string DerivedId(std::initializer_list<std::string_view> parts) {
  return UuidText(Sha256(JoinParts({"parts", JoinParts(parts)})));
}

std::string KeyedId(std::string_view secret, std::initializer_list<std::string_view> parts) {
  TRAMA_CHECK(secret.size() >= kIdSecretMinBytes);
  return UuidText(HmacSha256(secret, JoinParts(parts)));
}

bool IsId(std::string_view text) {
  if (text.size() != kIdBytes) return false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (IsDashPlace(at) ? c != '-' : !is_hex) return false;
  }
  return true;
}

}  // namespace trama
