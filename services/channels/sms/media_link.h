#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trama::sms {

// A file that the vendor may fetch from us for a while: GET /sms/media/<token>. The token carries
// what it is about and is signed, so that no store is needed and nobody finds another file.
struct MediaLink {
  std::string workspace;
  std::string account;
  std::string blob;
  absl::Time expires_at;  // Whole seconds.
};

// `secret`: of the account; the same one must check it.
std::string MakeMediaToken(const MediaLink& link, std::string_view secret);

// Reads a token without trusting it: to find the account whose secret must check it.
// INVALID_ARGUMENT for what is no token.
absl::StatusOr<MediaLink> ReadMediaToken(std::string_view token);

// True when one with this secret has made the token.
bool IsMediaTokenSignedBy(std::string_view token, std::string_view secret);

}  // namespace trama::sms
