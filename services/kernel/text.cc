#include "services/kernel/text.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

// How many characters at the beginning are ASCII, as nearly all of most texts are; eight are looked
// at together.
size_t AsciiPrefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t at = 0;
  for (uint64_t eight = 0; at + sizeof(eight) <= text.size(); at += sizeof(eight)) {
    std::memcpy(&eight, text.data() + at, sizeof(eight));
    if ((eight & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

bool IsAscii(std::string_view text) { return AsciiPrefix(text) == text.size(); }

// Reads the code point at `at` and moves past it; negative for an ill-formed sequence.
UChar32 NextCodePoint(std::string_view text, size_t& at) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  UChar32 code_point = 0;
  U8_NEXT(bytes, at, text.size(), code_point);
  return code_point;
}

// Ill-formed sequences become U+FFFD here, one for each maximal part.
icu::UnicodeString ToIcu(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string FromIcu(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

icu::UnicodeString Normalise(const icu::Normalizer2* form, UErrorCode loaded,
                             const icu::UnicodeString& text) {
  UErrorCode error = loaded;
  icu::UnicodeString out = form->normalize(text, error);
  TRAMA_CHECK(U_SUCCESS(error));  // ICU's data are built in; nothing in the text can fail.
  return out;
}

icu::UnicodeString ToNfc(const icu::UnicodeString& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFCInstance(error);
  return Normalise(form, error, text);
}

icu::UnicodeString ToNfd(const icu::UnicodeString& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFDInstance(error);
  return Normalise(form, error, text);
}

icu::UnicodeString CaseFolded(const icu::UnicodeString& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFKCCasefoldInstance(error);
  return Normalise(form, error, text);
}

// The accents of Latin, Greek and Cyrillic. Marks of other scripts (vowels of Devanagari, say) are
// letters to their readers and stay.
bool IsAccent(UChar32 c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
         (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE20 && c <= 0xFE2F);
}

// `text` in form D: without accents, with one space for each run of white space.
icu::UnicodeString Plain(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  bool space_due = false;
  for (int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    const UChar32 c = text.char32At(at);
    if (IsAccent(c)) continue;
    if (u_isUWhiteSpace(c)) {
      space_due = !out.isEmpty();
      continue;
    }
    if (space_due) out.append(static_cast<UChar>(' '));
    space_due = false;
    out.append(c);
  }
  return out;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (size_t at = AsciiPrefix(text); at < text.size();) {
    if (NextCodePoint(text, at) < 0) return false;
  }
  return true;
}

std::string CleanUtf8(std::string_view text) {
  if (IsUtf8(text)) return std::string(text);
  return FromIcu(ToIcu(text));
}

std::string_view TruncateUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  // A code point has at most three bytes after its first; more of them are ill-formed anyway.
  const size_t least = end < 3 ? 0 : end - 3;
  while (end > least && U8_IS_TRAIL(static_cast<uint8_t>(text[end]))) --end;
  return text.substr(0, end);
}

size_t CountCodePoints(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) NextCodePoint(text, at);
  return count;
}

std::string LowerUtf8(std::string_view text) {
  if (IsAscii(text)) return absl::AsciiStrToLower(ToAbsl(text));
  return FromIcu(ToNfc(ToIcu(text).toLower(icu::Locale::getRoot())));
}

std::string FoldForMatch(std::string_view text) {
  return FromIcu(ToNfc(Plain(ToNfd(CaseFolded(ToIcu(text))))));
}

bool ContainsFolded(std::string_view text, std::string_view wanted) {
  const std::string needle = FoldForMatch(wanted);
  return !needle.empty() && FoldForMatch(text).find(needle) != std::string::npos;
}

}  // namespace trama
