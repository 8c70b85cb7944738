// A batch of an integrator's events, and the headers that prove it. Input: a header's value, NUL,
// the body.

#include "services/channels/open/event.h"
#include "services/channels/open/signature.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const fuzz::Halves halves = fuzz::Split(fuzz::Text(data, size));
  const absl::Time now = absl::FromUnixSeconds(1'795'350'000);
  const open_channel::SignatureHeaders headers{.timestamp = halves.first,
                                               .signature = halves.first,
                                               .webhook_id = halves.first,
                                               .webhook_timestamp = halves.first,
                                               .webhook_signature = halves.first};
  // Nobody finds the secret by chance.
  TRAMA_CHECK(
      !open_channel::CheckSignature(headers, halves.second, {"a secret of many bytes"}, now).ok());

  const open_channel::OpenAccountView account{.workspace = "demo",
                                              .name = "open",
                                              .default_region = "BR",
                                              .callback_url = "https://shop.test/trama",
                                              .public_base_url = "https://open.demo.test"};
  const auto events = open_channel::ParseEvents(halves.second, account, now);
  if (!events.ok()) return 0;
  TRAMA_CHECK(events->size() <= open_channel::kEventsMax);
  for (const open_channel::Event& event : *events) {
    TRAMA_CHECK(
        event.refusal.has_value() + event.interaction.has_value() + event.receipt.has_value() == 1);
    if (!event.interaction.has_value()) continue;
    interaction::v1::Interaction again;
    TRAMA_CHECK(again.ParseFromString(event.interaction->SerializeAsString()));
  }
  return 0;
}
