#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

// Twilio's request signature (https://www.twilio.com/docs/usage/webhooks/webhooks-security): a
// keyed digest of the public URL and the parameters, in header X-Twilio-Signature.
namespace trama::sms {

// Decoded names and values in their order, with repeats.
using Params = std::vector<std::pair<std::string, std::string>>;

enum class SignatureAlgorithm { kHmacSha1, kHmacSha256 };

// What header X-Twilio-Webhooks-Signature-Settings says: "key=<id>,algorithm=HMAC_SHA256". Without
// the header, or without an algorithm in it: SHA-1.
struct SignatureSettings {
  std::string key_id;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kHmacSha1;
};

// PERMISSION_DENIED for an algorithm that we do not know.
absl::Status ParseSignatureSettings(std::string_view header, SignatureSettings* settings);

struct SigningSecrets {
  // Each may sign: the present auth token and, during a rotation, the next.
  std::vector<std::string> auth_tokens;
  // Shared keys by id; several with one id are allowed during a rotation.
  std::vector<std::pair<std::string, std::string>> shared_keys;
};

struct SignedRequest {
  // The URL that the vendor was told, with the query as it arrived: public base URL + raw target.
  std::string url;
  bool is_form = false;  // The content type is application/x-www-form-urlencoded.
  Params form;           // Of the body; empty for GET.
  std::string_view body;
  std::string_view signature;           // X-Twilio-Signature
  std::string_view signature_settings;  // X-Twilio-Webhooks-Signature-Settings
};

// base64(HMAC(key, url + each name and value in byte order of names, repeats once)).
std::string ComputeSignature(SignatureAlgorithm algorithm, std::string_view key,
                             std::string_view url, const Params& form);

// Did the vendor make this request? OK or PERMISSION_DENIED, whose text says what did not hold, for
// the log, never for the answer. Tries the URL with and without its port, because Twilio's back end
// is not consistent; a body that is no form must be bound by bodySHA256 in the query. Takes the
// same time for every wrong signature of one length.
absl::Status CheckSignature(const SignedRequest& request, const SigningSecrets& secrets);

// The URL without a port, and with one (its own, or the scheme's).
std::string WithoutPort(std::string_view url);
std::string WithPort(std::string_view url);

}  // namespace trama::sms
