#include "services/channels/common/media_link.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::channels {

namespace {

constexpr size_t kTokenBytesMax = 2048;

// Another use of the same secret gives other bytes.
std::string Signature(std::string_view channel, std::string_view payload, std::string_view secret) {
  const std::string key =
      HmacSha256(secret, absl::StrCat("trama ", ToAbsl(channel), " media link"));
  return absl::WebSafeBase64Escape(HmacSha256(key, payload));
}

}  // namespace

std::string MakeMediaToken(std::string_view channel, const MediaLink& link,
                           std::string_view secret) {
  const std::string payload =
      absl::WebSafeBase64Escape(absl::StrCat(absl::ToUnixSeconds(link.expires_at), "\n",
                                             link.workspace, "\n", link.account, "\n", link.blob));
  return absl::StrCat(payload, ".", Signature(channel, payload, secret));
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

bool IsMediaTokenSignedBy(std::string_view channel, std::string_view token,
                          std::string_view secret) {
  const size_t dot = token.find('.');
  if (dot == std::string_view::npos) return false;
  return EqualInConstantTime(Signature(channel, token.substr(0, dot), secret),
                             token.substr(dot + 1));
}

absl::StatusOr<std::vector<std::string>> MediaUrls(const outbound::v1::OutboundMessage& message,
                                                   std::string_view public_base_url,
                                                   std::string_view path, std::string_view secret,
                                                   absl::Time expires_at) {
  std::vector<std::string> urls;
  for (const types::v1::Part& part : message.parts()) {
    if (!part.has_media()) continue;
    if (part.media().blob().empty()) {
      return absl::InvalidArgumentError("a file of the message is not in the blob store");
    }
    if (public_base_url.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("channel account ", message.workspace(), "/", message.channel_account(),
                       " has no public_base_url from which files could be fetched"));
    }
    const MediaLink link{message.workspace(), message.channel_account(), part.media().blob(),
                         expires_at};
    urls.push_back(absl::StrCat(ToAbsl(public_base_url), ToAbsl(path),
                                MakeMediaToken(message.channel(), link, secret)));
  }
  return urls;
}

}  // namespace trama::channels
