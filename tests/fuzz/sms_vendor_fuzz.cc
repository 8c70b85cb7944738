// What Twilio's side says outside of webhooks: the answer to a send, the settings of a signature, a
// token in a media link. Input: a status as two digits, the rest as text.

#include "services/channels/common/media_link.h"
#include "services/channels/sms/send.h"
#include "services/channels/sms/signature.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 1) return 0;
  const int http_status = 100 + data[0] * 2;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  sms::OutcomeOfAnswer(http_status, text, absl::ZeroDuration(), 1);
  sms::SignatureSettings settings;
  sms::ParseSignatureSettings(text, &settings).IgnoreError();
  const absl::StatusOr<channels::MediaLink> link = channels::ReadMediaToken(text);
  // Nobody finds the secret by chance.
  TRAMA_CHECK(!link.ok() || !channels::IsMediaTokenSignedBy("sms", text, "a secret"));
  return 0;
}
