#include "services/platform/base/log_mask.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"

namespace trama::platform {
namespace {

// Personal data first, then secrets. "address" is not here: servers have addresses; an e-mail
// address is caught by its form.
constexpr std::array<std::string_view, 27> kDeniedKeys = {
    "body",  "text",    "content",  "html",   "note",          "payload",      "raw",
    "email", "mail",    "phone",    "sender", "recipient",     "from",         "to",
    "cc",    "subject", "value",    "query",  "identifier",    "display_name", "customer_name",
    "token", "secret",  "password", "cookie", "authorization", "signature"};

constexpr size_t kPhoneDigitsMin = 7;

// Bytes above 0x7f belong to names in other scripts.
bool IsMailboxByte(unsigned char c) {
  return absl::ascii_isalnum(c) || c >= 0x80 ||
         std::string_view("._%+-=").find(c) != std::string_view::npos;
}

bool IsTokenByte(unsigned char c) {
  return absl::ascii_isalnum(c) || std::string_view("._~+/=-").find(c) != std::string_view::npos;
}

// The end of a telephone number that starts with the '+' at `at`, or `at` when there is none.
size_t PhoneEnd(std::string_view text, size_t at) {
  size_t digits = 0;
  size_t end = at;
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) {
      ++digits;
      end = i + 1;
    } else if (std::string_view(" -.()").find(text[i]) == std::string_view::npos) {
      break;
    }
  }
  return digits >= kPhoneDigitsMin ? end : at;
}

// The end of the token after "Bearer " at `at`, or `at`.
size_t BearerEnd(std::string_view text, size_t at) {
  constexpr std::string_view kWord = "bearer ";
  if (text[at] != 'b' && text[at] != 'B') return at;
  if (!absl::StartsWithIgnoreCase(ToAbsl(text.substr(at)), ToAbsl(kWord))) return at;
  size_t end = at + kWord.size();
  while (end < text.size() && IsTokenByte(static_cast<unsigned char>(text[end]))) ++end;
  return end == at + kWord.size() ? at : end;
}

// The end of the domain after the '@' at `at`, or `at` when none follows.
size_t DomainEnd(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsMailboxByte(static_cast<unsigned char>(text[end]))) ++end;
  return end == at + 1 ? at : end;
}

}  // namespace

bool IsDeniedLogKey(std::string_view key) {
  return std::any_of(kDeniedKeys.begin(), kDeniedKeys.end(), [&](std::string_view word) {
    if (key == word) return true;
    return key.size() > word.size() && absl::EndsWith(ToAbsl(key), ToAbsl(word)) &&
           key[key.size() - word.size() - 1] == '_';
  });
}

std::string MaskPersonal(std::string_view text) {
  std::string masked;
  masked.reserve(text.size());
  size_t word_start = 0;  // In `masked`: where the run of mailbox bytes before the end begins.
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (const size_t end = BearerEnd(text, i); end != i) {
      masked += "Bearer [redacted]";
      i = end;
      word_start = masked.size();
      continue;
    }
    if (c == '+') {
      if (const size_t end = PhoneEnd(text, i); end != i) {
        masked += "[phone]";
        i = end;
        continue;
      }
    }
    if (c == '@' && word_start < masked.size()) {
      if (const size_t end = DomainEnd(text, i); end != i) {
        masked.resize(word_start);
        masked += "[address]";
        i = end;
        word_start = masked.size();
        continue;
      }
    }
    masked += static_cast<char>(c);
    if (!IsMailboxByte(c)) word_start = masked.size();
    ++i;
  }
  return masked;
}

}  // namespace trama::platform
