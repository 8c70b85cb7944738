#include "services/channels/whatsapp/hash_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::whatsapp {

std::string HexHash(std::string_view stated) {
  const bool is_hex = stated.size() == 2 * kSha256Bytes &&
                      std::all_of(stated.begin(), stated.end(),
                                  [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (is_hex) return absl::AsciiStrToLower(ToAbsl(stated));
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(stated), &bytes) || bytes.size() != kSha256Bytes) return {};
  return absl::BytesToHexString(bytes);
}

}  // namespace trama::whatsapp
