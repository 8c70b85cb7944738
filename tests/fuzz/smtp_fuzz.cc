// The bytes of an SMTP or LMTP client. The dialogue must not depend on how the network cuts them,
// and what was said before TLS must not count after it. Input: the mode; the size of the pieces;
// what is said in the clear, NUL, what is said after STARTTLS.

#include <algorithm>
#include <string>
#include <vector>

#include "services/channels/email/smtp_session.h"
#include "tests/fuzz/fuzz.h"

namespace trama::email {
namespace {

constexpr size_t kMessageBytesMax = 1024;
constexpr size_t kRecipientsMax = 4;

struct Dialogue {
  std::string replies;
  std::vector<Envelope> mails;
  bool start_tls = false;
  bool close = false;
};

bool IsSame(const Envelope& a, const Envelope& b) {
  return a.helo == b.helo && a.sender == b.sender && a.recipients == b.recipients &&
         a.smtputf8 == b.smtputf8 && a.message == b.message;
}

bool SameMails(const Dialogue& a, const Dialogue& b) {
  return std::equal(a.mails.begin(), a.mails.end(), b.mails.begin(), b.mails.end(), IsSame);
}

SmtpReply CheckRecipient(const std::string& address) {
  return address.starts_with("help") ? SmtpReply{250, "2.1.5 ok"} : SmtpReply{550, "5.1.1 unknown"};
}

SmtpSession Session(SmtpSession::Mode mode, bool offer_starttls) {
  return SmtpSession({.mode = mode,
                      .hostname = "mx.demo.test",
                      .message_bytes_max = kMessageBytesMax,
                      .recipients_max = kRecipientsMax,
                      .offer_starttls = offer_starttls},
                     CheckRecipient);
}

// Until the bytes or the session end, or TLS is to start.
void Say(SmtpSession& session, std::string_view bytes, size_t piece, Dialogue& dialogue) {
  dialogue.start_tls = false;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    SmtpSession::Output output = session.Feed(bytes.substr(at, piece));
    dialogue.replies += output.replies;
    while (output.mail.has_value()) {
      const Envelope& mail = dialogue.mails.emplace_back(*std::move(output.mail));
      TRAMA_CHECK(mail.message.size() <= kMessageBytesMax && !mail.helo.empty());
      TRAMA_CHECK(!mail.recipients.empty() && mail.recipients.size() <= kRecipientsMax);
      output = session.Answer(
          std::vector<SmtpReply>(mail.recipients.size(), SmtpReply{250, "2.0.0 taken"}));
      dialogue.replies += output.replies;
    }
    // What follows either was sent to somebody who has hung up, or before TLS and is not believed.
    dialogue.start_tls = output.start_tls;
    dialogue.close = output.close;
    if (output.close || output.start_tls) break;
  }
}

// What is said after TLS is taken as by a session that knows nothing else.
void CheckAfterTls(SmtpSession::Mode mode, std::string_view bytes, const Dialogue& before,
                   const Dialogue& all) {
  SmtpSession fresh = Session(mode, /*offer_starttls=*/false);
  Dialogue alone;
  Say(fresh, bytes, std::max<size_t>(bytes.size(), 1), alone);
  // Mistakes of before count, so that it may have ended earlier.
  if (all.close || alone.close) return;
  TRAMA_CHECK(all.replies == before.replies + alone.replies);
  Dialogue joined = before;
  joined.mails.insert(joined.mails.end(), alone.mails.begin(), alone.mails.end());
  TRAMA_CHECK(SameMails(all, joined));
}

Dialogue Talk(SmtpSession::Mode mode, std::string_view text, size_t piece) {
  const fuzz::Halves halves = fuzz::Split(text);
  SmtpSession session = Session(mode, /*offer_starttls=*/true);
  Dialogue dialogue;
  Say(session, halves.first, piece, dialogue);
  if (!dialogue.start_tls) return dialogue;
  const Dialogue before = dialogue;
  session.TlsStarted();
  Say(session, halves.second, piece, dialogue);
  TRAMA_CHECK(!dialogue.start_tls);  // Not twice.
  CheckAfterTls(mode, halves.second, before, dialogue);
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
  const size_t piece = 1 + data[1] % 64;
  const std::string_view bytes = fuzz::Text(data + 2, size - 2);
  const email::Dialogue whole = email::Talk(mode, bytes, std::max<size_t>(bytes.size(), 1));
  const email::Dialogue pieces = email::Talk(mode, bytes, piece);
  TRAMA_CHECK(email::SameMails(whole, pieces));
  TRAMA_CHECK(whole.replies == pieces.replies);
  return 0;
}
