#include "services/channels/whatsapp/account.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace trama::whatsapp {

namespace {

constexpr size_t kUserIdBytesMax = 3 + 128;
constexpr size_t kWaIdDigitsMin = 5;
constexpr size_t kWaIdDigitsMax = 20;

template <typename Predicate>
bool Consists(std::string_view text, size_t bytes_min, size_t bytes_max, Predicate of) {
  return text.size() >= bytes_min && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), [&](unsigned char c) { return of(c); });
}

}  // namespace

bool IsId(std::string_view text) {
  return Consists(text, 1, kIdBytesMax, [](unsigned char c) { return absl::ascii_isalnum(c); });
}

bool IsMessageId(std::string_view text) {
  return Consists(text, 1, kMessageIdBytesMax,
                  [](unsigned char c) { return absl::ascii_isgraph(c); });
}

bool IsUserId(std::string_view text) {
  return text.size() > 3 && absl::ascii_isupper(static_cast<unsigned char>(text[0])) &&
         absl::ascii_isupper(static_cast<unsigned char>(text[1])) && text[2] == '.' &&
         Consists(text.substr(3), 1, kUserIdBytesMax - 3,
                  [](unsigned char c) { return absl::ascii_isalnum(c) || c == '.'; });
}

bool IsWaId(std::string_view text) {
  return Consists(text, kWaIdDigitsMin, kWaIdDigitsMax,
                  [](unsigned char c) { return absl::ascii_isdigit(c); });
}

}  // namespace trama::whatsapp
