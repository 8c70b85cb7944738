// A POST of WhatsApp whose signature holds: a batch of messages and statuses.

#include "services/channels/whatsapp/envelope.h"
#include "services/channels/whatsapp/parse.h"
#include "services/channels/whatsapp/status.h"
#include "tests/fuzz/fuzz.h"

namespace trama::whatsapp {
namespace {

const WhatsAppAccountView& FuzzedAccount() {
  static const WhatsAppAccountView account{.workspace = "demo",
                                           .name = "whatsapp",
                                           .phone_number_id = "900001",
                                           .portfolio = "1020",
                                           .api = "https://graph.facebook.com/v26.0"};
  return account;
}

void CheckEvent(const Envelope& envelope, const Event& event) {
  const absl::Time now = absl::FromUnixSeconds(1'795'350'000);
  // What is cut out for one customer is itself what the vendor could have sent.
  TRAMA_CHECK(ReadEnvelope(CutOut(envelope, {&event})).ok());
  if (event.kind == Event::Kind::kStatus) {
    const absl::StatusOr<ParsedStatus> status = ParseStatus(*event.item, FuzzedAccount(), now);
    if (!status.ok() || !status->delivery.has_value()) return;
    delivery::v1::Delivery again;
    TRAMA_CHECK(again.ParseFromString(status->delivery->SerializeAsString()));
    return;
  }
  if (event.kind == Event::Kind::kError || event.kind == Event::Kind::kUnknown) return;
  const absl::StatusOr<ParsedEvent> parsed = ParseEvent(event, FuzzedAccount(), now);
  if (!parsed.ok()) return;
  TRAMA_CHECK(!parsed->event_id.empty());
  interaction::v1::Interaction again;
  TRAMA_CHECK(again.ParseFromString(parsed->interaction.SerializeAsString()));
}

}  // namespace
}  // namespace trama::whatsapp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const absl::StatusOr<whatsapp::Envelope> envelope =
      whatsapp::ReadEnvelope(fuzz::Text(data, size));
  if (!envelope.ok()) return 0;
  for (const whatsapp::Event& event : envelope->events) whatsapp::CheckEvent(*envelope, event);
  return 0;
}
