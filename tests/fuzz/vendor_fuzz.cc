// What vendors say outside of webhooks: the answers to our requests, and what comes back of ours in
// a header or an address. Input: which of it; the status of an answer, halved; the text.

#include <set>

#include "absl/strings/match.h"
#include "services/channels/common/media_link.h"
#include "services/channels/common/send_outcome.h"
#include "services/channels/open/event.h"
#include "services/channels/open/send.h"
#include "services/channels/sms/find.h"
#include "services/channels/sms/send.h"
#include "services/channels/sms/signature.h"
#include "services/channels/whatsapp/media_api.h"
#include "services/channels/whatsapp/send.h"
#include "services/kernel/strings.h"
#include "services/platform/http/http_message.h"
#include "tests/fuzz/fuzz.h"

namespace trama {
namespace {

using channels::FindOutcome;
using channels::SendOutcome;
using Kind = SendOutcome::Kind;

constexpr absl::Duration kRetryAfter = absl::Seconds(3);
constexpr char kMessageId[] = "018f4b1c-0000-8000-8000-000000000001";

// Later readers have a record of it; text that is no UTF-8 would make that unreadable.
void CheckRecord(const SendOutcome& outcome) {
  delivery::v1::Delivery delivery;
  delivery.set_vendor_message_id(outcome.vendor_message_id);
  delivery.set_vendor_status(outcome.vendor_status);
  *delivery.mutable_failure() = outcome.failure;
  delivery::v1::Delivery again;
  TRAMA_CHECK(again.ParseFromString(delivery.SerializeAsString()));
  // However long the answer is.
  constexpr size_t kBytesMax = 2048;
  TRAMA_CHECK(delivery.ByteSizeLong() < kBytesMax);
}

// `certain_failures`: a message that the vendor has taken may have failed already.
void CheckOutcome(const SendOutcome& outcome, int http_status, std::string_view body,
                  bool certain_failures) {
  CheckRecord(outcome);
  const bool taken = http_status >= 200 && http_status < 300;
  if (outcome.kind == Kind::kSent) {
    TRAMA_CHECK(taken && !outcome.vendor_message_id.empty());
    return;
  }
  TRAMA_CHECK(outcome.failure.reason() != delivery::v1::Failure::REASON_UNSPECIFIED);
  TRAMA_CHECK(!outcome.failure.detail().empty());
  TRAMA_CHECK(outcome.retry_after >= absl::ZeroDuration());
  TRAMA_CHECK(!outcome.account_wide || outcome.kind == Kind::kRetry);
  // A 2xx that names no message may have sent it.
  if (taken && !certain_failures) TRAMA_CHECK(outcome.kind == Kind::kAmbiguous);
  // The code is the vendor's and no other number.
  const std::string& code = outcome.failure.vendor_code();
  if (!absl::StartsWith(code, "http ") && code != "0" && !absl::StrContains(ToAbsl(body), "\\")) {
    TRAMA_CHECK(absl::StrContains(ToAbsl(body), code));
  }
}

void CheckFind(int http_status, std::string_view body) {
  outbound::v1::OutboundMessage message;
  message.set_recipient_address("+14155550123");
  message.add_parts()->mutable_text()->set_body("hello");
  const absl::Time began = absl::FromUnixSeconds(1'795'350'000);
  const std::set<std::string> taken = {"SM1"};
  const FindOutcome found = sms::OutcomeOfFind(http_status, body, message, began, taken);
  if (found.kind == FindOutcome::Kind::kFound) {
    CheckRecord(found.sent);
    TRAMA_CHECK(found.sent.kind == Kind::kSent && !found.sent.vendor_message_id.empty());
    TRAMA_CHECK(!taken.contains(found.sent.vendor_message_id));
  }
  const bool answered =
      found.kind == FindOutcome::Kind::kFound || found.kind == FindOutcome::Kind::kNotFound;
  TRAMA_CHECK(!answered || http_status == 200);
}

void CheckUpload(int http_status, std::string_view body) {
  const whatsapp::UploadOutcome upload = whatsapp::OutcomeOfUpload(http_status, body, kRetryAfter);
  if (!upload.media_id.empty()) {
    TRAMA_CHECK(whatsapp::IsId(upload.media_id) && http_status < 300);
    return;
  }
  TRAMA_CHECK(upload.failed.kind == Kind::kRetry || upload.failed.kind == Kind::kFailed);
  CheckRecord(upload.failed);
}

void CheckMediaPlace(int http_status, std::string_view body) {
  const absl::StatusOr<whatsapp::MediaPlace> place = whatsapp::ReadMediaPlace(http_status, body);
  if (!place.ok()) return;
  TRAMA_CHECK(http_status == 200 && !place->url.empty());
  TRAMA_CHECK(place->sha256.empty() || place->sha256.size() == 64);
}

void CheckRetryAfter(std::string_view value) {
  const absl::Time now = absl::FromUnixSeconds(1'795'350'000);
  const platform::HttpHeaders headers = {{"Retry-After", std::string(value)}};
  const std::optional<absl::Duration> wait = platform::RetryAfter(headers, now);
  if (!wait.has_value()) return;
  TRAMA_CHECK(*wait >= absl::ZeroDuration() && *wait <= absl::Hours(24));
  TRAMA_CHECK(value.find_first_of("0123456789") != value.npos);
}

void CheckMediaToken(std::string_view token) {
  const absl::StatusOr<channels::MediaLink> link = channels::ReadMediaToken(token);
  if (!link.ok()) return;
  // Nobody finds the secret by chance.
  TRAMA_CHECK(!channels::IsMediaTokenSignedBy("sms", token, "a secret"));
  const std::string ours = channels::MakeMediaToken("sms", *link, "a secret");
  TRAMA_CHECK(channels::IsMediaTokenSignedBy("sms", ours, "a secret"));
  const absl::StatusOr<channels::MediaLink> again = channels::ReadMediaToken(ours);
  TRAMA_CHECK(again.ok() && again->blob == link->blob && again->account == link->account);
  TRAMA_CHECK(again->workspace == link->workspace && again->expires_at == link->expires_at);
}

void Check(int which, int http_status, std::string_view body) {
  switch (which) {
    case 0:
      CheckOutcome(whatsapp::OutcomeOfAnswer(http_status, body, kRetryAfter), http_status, body,
                   /*certain_failures=*/false);
      break;
    case 1:
      CheckUpload(http_status, body);
      break;
    case 2:
      CheckMediaPlace(http_status, body);
      break;
    case 3: {
      const SendOutcome outcome =
          open_channel::OutcomeOfAnswer(http_status, body, kRetryAfter, kMessageId);
      CheckOutcome(outcome, http_status, body, /*certain_failures=*/false);
      TRAMA_CHECK(outcome.kind != Kind::kAmbiguous);
      if (outcome.kind == Kind::kSent && outcome.vendor_message_id != kMessageId) {
        TRAMA_CHECK(open_channel::IsExternalId(outcome.vendor_message_id));
      }
      break;
    }
    case 4:
      CheckOutcome(sms::OutcomeOfAnswer(http_status, body, kRetryAfter, 1), http_status, body,
                   /*certain_failures=*/true);
      break;
    case 5:
      CheckFind(http_status, body);
      break;
    case 6:
      CheckRetryAfter(body);
      break;
    case 7: {
      sms::SignatureSettings settings;
      sms::ParseSignatureSettings(body, &settings).IgnoreError();
      break;
    }
    default:
      CheckMediaToken(body);
      break;
  }
}

}  // namespace
}  // namespace trama

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 2) return 0;
  constexpr int kKinds = 9;
  Check(data[0] % kKinds, 100 + data[1] * 2, fuzz::Text(data + 2, size - 2));
  return 0;
}
