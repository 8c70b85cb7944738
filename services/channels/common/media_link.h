#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trama/outbound/v1/outbound_events.pb.h"

namespace trama::channels {

// A file of one of our messages that whoever delivers it may fetch from us for a while. The token
// carries what it is about and is signed, so that no store is needed and nobody finds another file.
struct MediaLink {
  std::string workspace;
  std::string account;
  std::string blob;
  absl::Time expires_at;  // Whole seconds.
};

// `secret`: of the account; the same one must check it. Tokens of one channel are none of another.
std::string MakeMediaToken(std::string_view channel, const MediaLink& link,
                           std::string_view secret);

// Reads a token without trusting it: to find the account whose secret must check it.
// INVALID_ARGUMENT for what is no token.
absl::StatusOr<MediaLink> ReadMediaToken(std::string_view token);

// True when one with this secret has made the token.
bool IsMediaTokenSignedBy(std::string_view channel, std::string_view token,
                          std::string_view secret);

// The addresses of the message's files, in their order: for each a token behind `public_base_url`
// and `path` ("/sms/media/"). INVALID_ARGUMENT when a file is not in the blob store or the account
// has no public_base_url.
absl::StatusOr<std::vector<std::string>> MediaUrls(const outbound::v1::OutboundMessage& message,
                                                   std::string_view public_base_url,
                                                   std::string_view path, std::string_view secret,
                                                   absl::Time expires_at);

}  // namespace trama::channels
