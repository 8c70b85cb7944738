// A mail from anywhere: parsed, attributed, folded into an interaction or a bounce. It comes to an
// inbox, to the return path of a mail of ours, and to whom it names.

#include "services/channels/email/inbound.h"
#include "services/channels/email/mail_parser.h"
#include "services/channels/email/message_token.h"
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

// Of one of our mails; the corpus names it, too.
const OutgoingIds& OurIds() {
  static const OutgoingIds ids{.message_id = "018f4b1c-0000-8000-8000-000000000001",
                               .conversation_id = "018f4b1c-0000-8000-8000-000000000002",
                               .partition = 7};
  return ids;
}

std::string ReturnPath() {
  const Inbox& inbox = FuzzedInbox();
  return MakeToken('b', inbox.token_secret, inbox.scope(), OurIds()) + "@demo.test";
}

// Protobuf refuses to read text that is not UTF-8: such an event would be lost downstream.
void CheckReadsBack(const google::protobuf::Message& message) {
  const std::unique_ptr<google::protobuf::Message> again(message.New());
  TRAMA_CHECK(again->ParseFromString(message.SerializeAsString()));
}

void CheckInbound(const ParsedMail& mail, std::string_view raw, const std::string& recipient) {
  const absl::StatusOr<Inbound> inbound =
      ReadInbound(mail, raw, "sender@customer.test", recipient, FuzzedInbox(),
                  absl::FromUnixSeconds(1'700'000'000));
  if (!inbound.ok()) return;
  TRAMA_CHECK(!inbound->event_id.empty());
  TRAMA_CHECK(!inbound->interaction.has_value() || inbound->bounces.empty());
  if (inbound->interaction.has_value()) CheckReadsBack(*inbound->interaction);
  for (const Bounce& bounce : inbound->bounces) {
    CheckReadsBack(bounce.delivery);
    // Nobody makes up a token: there is only the one.
    TRAMA_CHECK(bounce.delivery.message_id() == OurIds().message_id);
    TRAMA_CHECK(bounce.delivery.conversation_id() == OurIds().conversation_id);
    TRAMA_CHECK(bounce.partition == OurIds().partition);
    TRAMA_CHECK(bounce.delivery.has_failure() ==
                (bounce.delivery.status() == delivery::v1::STATUS_FAILED));
  }
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

  email::CheckInbound(mail, raw, "help@demo.test");
  // A return path of one of our mails; whose it is, is said by its token.
  email::CheckInbound(mail, raw, email::ReturnPath());
  if (!mail.to.empty()) email::CheckInbound(mail, raw, mail.to.front().address);
  return 0;
}
