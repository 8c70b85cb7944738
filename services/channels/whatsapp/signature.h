#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trama::whatsapp {

// The value of X-Hub-Signature-256: "sha256=" and 64 lower-case hexadecimal digits of
// HMAC-SHA-256(app secret, the body as it was sent). Meta signs bytes: a body that was parsed and
// written again has another signature.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
std::string ComputeSignature(std::string_view app_secret, std::string_view body);

// Has the holder of one of the secrets signed this body? Several during a rotation. The time it
// takes says nothing about the secrets. The index of the secret, or -1.
int FindSigner(std::string_view header, std::string_view body,
               const std::vector<std::string>& app_secrets);

}  // namespace trama::whatsapp
