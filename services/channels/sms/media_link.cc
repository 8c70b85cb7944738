#include "services/channels/sms/media_link.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::sms {

namespace {

constexpr size_t kTokenBytesMax = 2048;

// Another use of the same secret gives other bytes.
std::string Signature(std::string_view payload, std::string_view secret) {
  const std::string key = HmacSha256(secret, "trama sms media link");
  return absl::WebSafeBase64Escape(HmacSha256(key, payload));
}

}  // namespace

std::string MakeMediaToken(const MediaLink& link, std::string_view secret) {
  const std::string payload =
      absl::WebSafeBase64Escape(absl::StrCat(absl::ToUnixSeconds(link.expires_at), "\n",
                                             link.workspace, "\n", link.account, "\n", link.blob));
  return absl::StrCat(payload, ".", Signature(payload, secret));
}

absl::StatusOr<MediaLink> ReadMediaToken(std::string_view token) {
  const absl::Status bad = absl::InvalidArgumentError("not a media token");
  const size_t dot = token.find('.');
  if (token.size() > kTokenBytesMax || dot == std::string_view::npos) return bad;
  std::string payload;
  if (!absl::WebSafeBase64Unescape(ToAbsl(token.substr(0, dot)), &payload)) return bad;
  const std::vector<std::string> fields = absl::StrSplit(payload, '\n');
  int64_t expires_at = 0;
  if (fields.size() != 4 || !absl::SimpleAtoi(fields[0], &expires_at)) return bad;
  return MediaLink{fields[1], fields[2], fields[3], absl::FromUnixSeconds(expires_at)};
}

bool IsMediaTokenSignedBy(std::string_view token, std::string_view secret) {
  const size_t dot = token.find('.');
  if (dot == std::string_view::npos) return false;
  return EqualInConstantTime(Signature(token.substr(0, dot), secret), token.substr(dot + 1));
}

}  // namespace trama::sms
