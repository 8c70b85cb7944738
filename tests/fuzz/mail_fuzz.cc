// A mail from anywhere: parsed, attributed, folded into an interaction or a bounce.

#include "services/channels/email/inbound.h"
#include "services/channels/email/mail_parser.h"
#include "services/kernel/text.h"
#include "tests/fuzz/fuzz.h"

namespace trama::email {
namespace {

const Inbox& FuzzedInbox() {
  static const Inbox inbox{.workspace = "demo",
                           .account = "help",
                           .address = "help@demo.test",
                           .token_secret = "token-secret",
                           .trusted_authserv_id = "mx.demo.test",
                           .own_addresses = {"help@demo.test"}};
  return inbox;
}

}  // namespace
}  // namespace trama::email

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const std::string_view raw = fuzz::Text(data, size);
  const email::ParsedMail mail = email::ParseMail(raw);
  TRAMA_CHECK(!mail.message_id.empty());
  TRAMA_CHECK(mail.pieces.size() <= email::kPartsMax + 1);
  TRAMA_CHECK(IsUtf8(mail.subject));
  for (const email::Piece& piece : mail.pieces) {
    TRAMA_CHECK(IsUtf8(piece.text));
    TRAMA_CHECK(IsUtf8(piece.file_name));
  }
  TRAMA_CHECK(email::BodyHash(raw) == email::BodyHash(raw));

  const absl::StatusOr<email::Inbound> inbound =
      email::ReadInbound(mail, raw, "sender@customer.test", "help@demo.test", email::FuzzedInbox(),
                         absl::FromUnixSeconds(1'700'000'000));
  if (!inbound.ok()) return 0;
  TRAMA_CHECK(!inbound->event_id.empty());
  if (inbound->interaction.has_value()) {
    // Protobuf refuses to read text that is not UTF-8: such an event would be lost downstream.
    interaction::v1::Interaction again;
    TRAMA_CHECK(again.ParseFromString(inbound->interaction->SerializeAsString()));
  }
  return 0;
}
