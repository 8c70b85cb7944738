#include "services/channels/email/message_token.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/digest.h"
#include "services/kernel/ids.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648, 6.
constexpr size_t kIdBytes = 16;
constexpr size_t kIdLetters = 26;
constexpr size_t kPartitionLetters = 2;
constexpr size_t kMacBytes = 5;
constexpr size_t kMacLetters = 8;

std::string Base32(std::string_view bytes) {
  std::string text;
  uint32_t held = 0;
  int bits = 0;
  for (const char byte : bytes) {
    held = (held << 8) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[(held >> (bits - 5)) & 31];
  }
  if (bits > 0) text += kAlphabet[(held << (5 - bits)) & 31];
  return text;
}

// False for a letter that is not of the alphabet. Letters of either case.
bool FromBase32(std::string_view text, size_t bytes, std::string& out) {
  uint32_t held = 0;
  int bits = 0;
  out.clear();
  for (const char raw : text) {
    const size_t value = kAlphabet.find(absl::ascii_tolower(static_cast<unsigned char>(raw)));
    if (value == std::string_view::npos) return false;
    held = (held << 5) | static_cast<uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      out += static_cast<char>((held >> (bits - 8)) & 255);
      bits -= 8;
    }
  }
  return out.size() == bytes;
}

std::string IdBytes(std::string_view id) {
  std::string hex;
  for (const char c : id) {
    if (c != '-') hex += c;
  }
  return absl::HexStringToBytes(hex);
}

std::string IdText(std::string_view bytes) {
  const std::string hex = absl::BytesToHexString(ToAbsl(bytes));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

std::string Mac(std::string_view secret, std::string_view scope, const OutgoingIds& ids) {
  const std::string number = absl::StrCat(ids.partition);
  return HmacSha256(secret, JoinParts({scope, ids.message_id, ids.conversation_id, number}))
      .substr(0, kMacBytes);
}

}  // namespace

std::string MakeToken(char letter, std::string_view secret, std::string_view scope,
                      const OutgoingIds& ids) {
  TRAMA_CHECK(IsId(ids.message_id) && IsId(ids.conversation_id));
  TRAMA_CHECK(ids.partition >= 0 && ids.partition <= kTokenPartitionMax);
  const std::array<char, kPartitionLetters> number = {
      kAlphabet[static_cast<size_t>(ids.partition) >> 5],
      kAlphabet[static_cast<size_t>(ids.partition) & 31]};
  std::string token(1, letter);
  absl::StrAppend(&token, Base32(IdBytes(ids.message_id)), Base32(IdBytes(ids.conversation_id)),
                  std::string(number.data(), number.size()), Base32(Mac(secret, scope, ids)));
  TRAMA_CHECK(token.size() == kTokenBytes);
  return token;
}

std::optional<OutgoingIds> ReadToken(char letter, std::string_view secret, std::string_view scope,
                                     std::string_view token) {
  if (token.size() != kTokenBytes ||
      absl::ascii_tolower(static_cast<unsigned char>(token[0])) != letter) {
    return std::nullopt;
  }
  token.remove_prefix(1);
  std::string message, conversation, mac;
  if (!FromBase32(token.substr(0, kIdLetters), kIdBytes, message)) return std::nullopt;
  token.remove_prefix(kIdLetters);
  if (!FromBase32(token.substr(0, kIdLetters), kIdBytes, conversation)) return std::nullopt;
  token.remove_prefix(kIdLetters);
  OutgoingIds ids{IdText(message), IdText(conversation), 0};
  for (const char raw : token.substr(0, kPartitionLetters)) {
    const size_t value = kAlphabet.find(absl::ascii_tolower(static_cast<unsigned char>(raw)));
    if (value == std::string_view::npos) return std::nullopt;
    ids.partition = ids.partition * 32 + static_cast<int32_t>(value);
  }
  token.remove_prefix(kPartitionLetters);
  if (!FromBase32(token.substr(0, kMacLetters), kMacBytes, mac)) return std::nullopt;
  if (!EqualInConstantTime(mac, Mac(secret, scope, ids))) return std::nullopt;
  return ids;
}

std::string_view LocalPart(std::string_view address) {
  if (!address.empty() && address.front() == '<') address.remove_prefix(1);
  const size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(0, at);
}

}  // namespace trama::email
