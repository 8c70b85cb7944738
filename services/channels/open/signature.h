#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

// Who signs what: both sides sign every request with a secret that only they know, in our own
// headers or in those of Standard Webhooks (https://www.standardwebhooks.com, spec 1.0.0).
namespace trama::open_channel {

// A request older or newer than this is not taken: what was overheard cannot be played back later.
// Within it a repeat has the same ids and changes nothing.
inline constexpr absl::Duration kClockSkewMax = absl::Minutes(5);
// A header may name several signatures, one per secret of a rotation.
inline constexpr size_t kSignaturesMax = 8;
inline constexpr size_t kSecretBytesMin = 16;

// The headers by which a request is proved; those that are missing are empty.
struct SignatureHeaders {
  std::string_view timestamp;  // X-Trama-Timestamp: seconds since 1970.
  std::string_view signature;  // X-Trama-Signature: "v1=<hex>[,v1=<hex>]".

  std::string_view webhook_id;         // webhook-id
  std::string_view webhook_timestamp;  // webhook-timestamp
  std::string_view webhook_signature;  // webhook-signature: "v1,<base64>[ v1,<base64>]".
};

// PERMISSION_DENIED says for the log what is wrong; nothing of it is for the sender.
absl::Status CheckSignature(const SignatureHeaders& headers, std::string_view body,
                            const std::vector<std::string>& secrets, absl::Time now);

// The headers of a request of ours, signed with every secret, so that the receiver may know the old
// or the new one. Standard Webhooks' headers stand there only if every secret can serve as a key
// of theirs: base64, with or without "whsec_" before it.
std::vector<std::pair<std::string, std::string>> SignRequest(
    std::string_view id, std::string_view body, const std::vector<std::string>& secrets,
    absl::Time now);

}  // namespace trama::open_channel
