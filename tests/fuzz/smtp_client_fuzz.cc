// The replies of a server to a mail of ours. Input: what the mail and the account are like; the
// size of the pieces; the replies.

#include <limits>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "services/channels/email/smtp_client.h"
#include "services/kernel/strings.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/peer.h"

namespace trama::email {
namespace {

using Kind = SmtpResult::Kind;

constexpr char kPassword[] = "the-password";

struct Talked {
  SmtpResult result;
  std::string heard;
};

SmtpRoute RouteOf(uint8_t like) {
  SmtpRoute route{.host = "127.0.0.1", .port = 25, .helo = "firm.test"};
  if ((like & 1) != 0) {
    route.user = "help@firm.test";
    route.password = kPassword;
  }
  return route;
}

SmtpMail MailOf(uint8_t like) {
  SmtpMail mail{.sender = "b1@firm.test", .recipient = "ana@customer.test"};
  if ((like & 2) != 0) mail.recipient = "an\u00e3@customer.test";
  if ((like & 4) != 0) mail.envelope_id = "m1";
  mail.message = "Subject: x\r\n\r\n.a line with a dot\r\n.\r\n";
  if ((like & 8) != 0) mail.message += "no line end";
  return mail;
}

Talked Talk(uint8_t like, std::string_view replies, size_t piece) {
  fuzz::Peer peer(replies, piece);
  Talked talked;
  talked.result = peer.Run(SendMail(RouteOf(like), MailOf(like), absl::Minutes(1)));
  talked.heard = peer.heard();
  return talked;
}

// "5.1.1" (RFC 3463).
bool IsStatus(const std::string& status) {
  const std::vector<std::string> numbers = absl::StrSplit(status, '.');
  for (const std::string& number : numbers) {
    int value = 0;
    if (number.size() > 3 || !absl::SimpleAtoi(number, &value) || !absl::ascii_isdigit(number[0])) {
      return false;
    }
  }
  return numbers.size() == 3;
}

void CheckResult(const Talked& talked, const std::string& content) {
  const SmtpResult& result = talked.result;
  // The mail is the last that is said, or followed by QUIT.
  const bool was_sent = absl::StrContains(talked.heard, "DATA\r\n" + content);
  switch (result.kind) {
    case Kind::kAccepted:
      TRAMA_CHECK(was_sent && result.code / 100 == 2);
      TRAMA_CHECK(absl::EndsWith(talked.heard, content + "QUIT\r\n"));
      break;
    case Kind::kAmbiguous:
      TRAMA_CHECK(absl::EndsWith(talked.heard, content) && was_sent && result.code == 0);
      break;
    case Kind::kTemporary:
      // A mail that was sent whole was refused, or nobody knows.
      TRAMA_CHECK(!was_sent || result.code != 0);
      break;
    case Kind::kPermanent:
      TRAMA_CHECK(result.code == 0 || result.code / 100 == 5);
      break;
  }
  TRAMA_CHECK(result.code == 0 || (result.code >= 200 && result.code < 600));
  // It goes into events, where neither a server's words nor odd bytes may be.
  TRAMA_CHECK(result.status.empty() || IsStatus(result.status));
}

// Nothing that a server says becomes a part of what we say.
void CheckHeard(const Talked& talked, const std::string& content) {
  const std::string heard = talked.heard.substr(0, talked.heard.find("\r\n" + content) + 2);
  for (const absl::string_view line : absl::StrSplit(heard, "\r\n")) {
    TRAMA_CHECK(line.find_first_of("\r\n") == line.npos);
  }
  TRAMA_CHECK(!absl::StrContains(heard, kPassword));  // Not but in base64.
}

}  // namespace
}  // namespace trama::email

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 2) return 0;
  const std::string_view replies = fuzz::Text(data + 2, size - 2);
  const email::Talked whole = email::Talk(data[0], replies, std::numeric_limits<size_t>::max());
  const email::Talked pieces = email::Talk(data[0], replies, 1 + data[1] % 64);
  const std::string content = email::DotStuffed(email::MailOf(data[0]).message);
  email::CheckResult(whole, content);
  email::CheckHeard(whole, content);
  TRAMA_CHECK(whole.heard == pieces.heard);
  TRAMA_CHECK(whole.result.kind == pieces.result.kind && whole.result.code == pieces.result.code);
  TRAMA_CHECK(whole.result.status == pieces.result.status);
  TRAMA_CHECK(whole.result.text == pieces.result.text);
  return 0;
}
