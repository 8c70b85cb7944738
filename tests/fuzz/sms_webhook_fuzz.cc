// A webhook of Twilio whose signature holds: the form, the message, the receipt. Input: the query
// of the URL, NUL, the body.

#include "services/channels/sms/parse.h"
#include "services/channels/sms/signature.h"
#include "services/channels/sms/status.h"
#include "services/platform/http/url.h"
#include "tests/fuzz/fuzz.h"

namespace trama::sms {
namespace {

const SmsAccountView& FuzzedAccount() {
  static const SmsAccountView account{.workspace = "demo",
                                      .name = "sms",
                                      .default_region = "US",
                                      .numbers = {"+14155550199"},
                                      .account_sid = "AC00000000000000000000000000000001",
                                      .public_base_url = "https://sms.demo.test",
                                      .api_base_url = "https://api.twilio.com"};
  return account;
}

void CheckReadsBack(const google::protobuf::Message& message) {
  const std::unique_ptr<google::protobuf::Message> again(message.New());
  TRAMA_CHECK(again->ParseFromString(message.SerializeAsString()));
}

}  // namespace
}  // namespace trama::sms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const fuzz::Halves halves = fuzz::Split(fuzz::Text(data, size));
  const absl::StatusOr<platform::FormFields> query = platform::DecodeForm(halves.first);
  const absl::StatusOr<platform::FormFields> form = platform::DecodeForm(halves.second);
  if (!query.ok() || !form.ok()) return 0;

  const std::string url = "https://sms.demo.test/sms/demo/sms?" + std::string(halves.first);
  const sms::SigningSecrets secrets{.auth_tokens = {"token"}, .shared_keys = {}};
  const std::string signature =
      sms::ComputeSignature(sms::SignatureAlgorithm::kHmacSha1, "token", url, *form);
  sms::SignedRequest request{.url = url,
                             .is_form = true,
                             .form = *form,
                             .body = halves.second,
                             .signature = signature,
                             .signature_settings = {}};
  TRAMA_CHECK(sms::CheckSignature(request, secrets).ok());
  request.signature = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  TRAMA_CHECK(!sms::CheckSignature(request, secrets).ok());

  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  const auto messages = sms::ParseMessage(*form, sms::FuzzedAccount(), now);
  if (messages.ok()) {
    TRAMA_CHECK(!messages->empty());
    for (const interaction::v1::Interaction& each : *messages) sms::CheckReadsBack(each);
  }
  const auto status = sms::ParseStatus(*query, *form, sms::FuzzedAccount(), now);
  if (status.ok() && status->delivery.has_value()) sms::CheckReadsBack(*status->delivery);
  return 0;
}
