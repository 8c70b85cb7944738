// The bytes of an SMTP or LMTP client. The dialogue must not depend on how the network cuts them.

#include <algorithm>
#include <string>
#include <vector>

#include "services/channels/email/smtp_session.h"
#include "tests/fuzz/fuzz.h"

namespace trama::email {
namespace {

constexpr size_t kMessageBytesMax = 4096;

struct Dialogue {
  std::string replies;
  std::vector<std::string> mails;
};

SmtpReply CheckRecipient(const std::string& address) {
  return address.starts_with("help") ? SmtpReply{250, "2.1.5 ok"} : SmtpReply{550, "5.1.1 unknown"};
}

Dialogue Talk(SmtpSession::Mode mode, std::string_view bytes, size_t chunk) {
  SmtpSession session({.mode = mode,
                       .hostname = "mx.demo.test",
                       .message_bytes_max = kMessageBytesMax,
                       .offer_starttls = true},
                      CheckRecipient);
  Dialogue dialogue;
  for (size_t at = 0; at < bytes.size(); at += chunk) {
    SmtpSession::Output output = session.Feed(bytes.substr(at, chunk));
    dialogue.replies += output.replies;
    while (output.mail.has_value()) {
      TRAMA_CHECK(output.mail->message.size() <= kMessageBytesMax);
      TRAMA_CHECK(!output.mail->recipients.empty());
      dialogue.mails.push_back(output.mail->message);
      output = session.Answer(
          std::vector<SmtpReply>(output.mail->recipients.size(), SmtpReply{250, "2.0.0 taken"}));
      dialogue.replies += output.replies;
    }
    // What follows either was sent to somebody who has hung up, or before TLS and is not believed.
    if (output.close || output.start_tls) break;
  }
  return dialogue;
}

}  // namespace
}  // namespace trama::email

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  using trama::email::SmtpSession;
  if (size < 2) return 0;
  const SmtpSession::Mode mode =
      (data[0] & 1) != 0 ? SmtpSession::Mode::kLmtp : SmtpSession::Mode::kSmtp;
  const size_t chunk = 1 + data[1] % 64;
  const std::string_view bytes = fuzz::Text(data + 2, size - 2);
  const email::Dialogue whole = email::Talk(mode, bytes, std::max<size_t>(bytes.size(), 1));
  const email::Dialogue pieces = email::Talk(mode, bytes, chunk);
  TRAMA_CHECK(whole.mails == pieces.mails);
  TRAMA_CHECK(whole.replies == pieces.replies);
  return 0;
}
