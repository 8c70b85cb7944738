#include "services/channels/email/smtp_client.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "services/platform/net/connect.h"
#include "services/platform/net/stream.h"

namespace trama::email {
namespace {

using platform::Awaitable;
using platform::Stream;

constexpr size_t kReplyBytesMax = 16 * 1024;
constexpr absl::Duration kContentMax = absl::Minutes(5);
// Servers check a mail before they answer to it; who asks again too early sends it twice
// (RFC 5321, 4.5.3.2.6).
constexpr absl::Duration kVerdictMax = absl::Minutes(10);

struct ServerReply {
  int code = 0;  // 0: the connection broke.
  std::string text;
};

// The code that begins a line of a reply (RFC 5321, 4.2.1); 0: it is none.
int CodeOf(std::string_view line) {
  int code = 0;
  const std::string_view digits = line.substr(0, 3);
  const bool is_code = digits.size() == 3 && digits[0] >= '2' && digits[0] <= '5' &&
                       absl::SimpleAtoi(ToAbsl(digits), &code) && code >= 200;
  return is_code ? code : 0;
}

// "5.1.1" at the beginning of a reply's text (RFC 2034); empty when there is none. Nothing behind
// it: it goes into events, and servers repeat addresses.
std::string StatusOf(std::string_view text) {
  size_t end = 0;
  for (const size_t digits_max : {1, 3, 3}) {
    if (end > 0 && text.substr(end++, 1) != ".") return "";
    const size_t begin = end;
    while (end < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[end]))) ++end;
    if (end == begin || end > begin + digits_max) return "";
  }
  return std::string(text.substr(0, end));
}

class Client {
 public:
  explicit Client(Stream stream) : stream_(std::move(stream)) {}

  Awaitable<SmtpResult> Run(const SmtpRoute& route, const SmtpMail& mail) {
    if (auto failed = co_await Begin(route)) co_return *failed;
    const bool dsn = HasExtension("DSN");
    const bool utf8 = !IsAscii(mail.recipient) || !IsAscii(mail.sender);
    if (utf8 && !HasExtension("SMTPUTF8")) {
      co_return SmtpResult{SmtpResult::Kind::kPermanent, 553, "5.6.7",
                           "the server takes no addresses outside ASCII"};
    }
    std::string from = absl::StrCat("MAIL FROM:<", mail.sender, ">", utf8 ? " SMTPUTF8" : "");
    // A server that takes no mail so large says so before it has to read it (RFC 1870).
    if (HasExtension("SIZE")) absl::StrAppend(&from, " SIZE=", mail.message.size());
    if (dsn && !mail.envelope_id.empty()) {
      absl::StrAppend(&from, " RET=HDRS ENVID=", mail.envelope_id);
    }
    if (auto failed = co_await Expect(from, 250)) co_return *failed;
    const std::string to =
        absl::StrCat("RCPT TO:<", mail.recipient, ">", dsn ? " NOTIFY=FAILURE,DELAY" : "");
    const ServerReply taken = co_await Command(to);
    if (taken.code != 250 && taken.code != 251)
      co_return Refused(taken);  // 251: goes on elsewhere.
    if (auto failed = co_await Expect("DATA", 354)) co_return *failed;
    stream_.ExpiresAfter(kContentMax);
    const std::string content = DotStuffed(mail.message);
    const platform::IoResult written = co_await stream_.Write(content);
    // Without the last bytes the server has no mail.
    if (written.error && written.bytes < content.size()) co_return Broken();
    stream_.ExpiresAfter(kVerdictMax);
    const ServerReply reply = co_await Read();
    if (reply.code == 0) {
      co_return SmtpResult{SmtpResult::Kind::kAmbiguous, 0, "",
                           "the connection broke before the server had answered to the mail"};
    }
    if (reply.code / 100 != 2) co_return Refused(reply);
    co_await stream_.Write("QUIT\r\n");
    co_return SmtpResult{SmtpResult::Kind::kAccepted, reply.code, StatusOf(reply.text), reply.text};
  }

 private:
  // Greeting, EHLO, STARTTLS and AUTH; a result when that fails.
  Awaitable<std::optional<SmtpResult>> Begin(const SmtpRoute& route) {
    const ServerReply greeting = co_await Read();
    if (greeting.code != 220) co_return Refused(greeting);
    if (auto failed = co_await Hello(route.helo)) co_return failed;
    if (route.security == SmtpRoute::Tls::kStartTls) {
      // Without it the mail would go in the clear, which nobody has allowed.
      if (!HasExtension("STARTTLS")) {
        co_return SmtpResult{SmtpResult::Kind::kPermanent, 0, "", "the server offers no STARTTLS"};
      }
      if (auto failed = co_await Expect("STARTTLS", 220)) co_return failed;
      buffer_.clear();
      if (const auto error = co_await stream_.TlsConnect(route.tls, route.host)) {
        co_return SmtpResult{SmtpResult::Kind::kTemporary, 0, "",
                             absl::StrCat("TLS: ", error.message())};
      }
      if (auto failed = co_await Hello(route.helo)) co_return failed;
    }
    if (route.user.empty()) co_return std::nullopt;
    co_return co_await Authenticate(route);
  }

  // By the first that the server offers of PLAIN (RFC 4616), LOGIN and XOAUTH2
  // (https://developers.google.com/gmail/imap/xoauth2-protocol); PLAIN when it names none.
  Awaitable<std::optional<SmtpResult>> Authenticate(const SmtpRoute& route) {
    const std::string nul(1, '\0');
    const bool plain = OffersAuth("PLAIN");
    if (!plain && OffersAuth("LOGIN")) {
      if (auto failed = co_await Expect("AUTH LOGIN", 334)) co_return failed;
      const std::string user = absl::Base64Escape(route.user);
      if (auto failed = co_await Expect(user, 334)) co_return failed;
      const std::string password = absl::Base64Escape(route.password);
      co_return co_await Expect(password, 235);
    }
    if (!plain && OffersAuth("XOAUTH2")) {
      const std::string bearer =
          absl::StrCat("user=", route.user, "\1auth=Bearer ", route.password, "\1\1");
      const std::string auth = absl::StrCat("AUTH XOAUTH2 ", absl::Base64Escape(bearer));
      const ServerReply reply = co_await Command(auth);
      if (reply.code == 235) co_return std::nullopt;
      // 334 asks for an empty line and then says what was wrong.
      if (reply.code == 334) co_return co_await Expect("", 235);
      co_return Refused(reply);
    }
    const std::string credentials = absl::StrCat(nul, route.user, nul, route.password);
    const std::string auth = absl::StrCat("AUTH PLAIN ", absl::Base64Escape(credentials));
    co_return co_await Expect(auth, 235);
  }

  Awaitable<std::optional<SmtpResult>> Hello(const std::string& helo) {
    const std::string ehlo = absl::StrCat("EHLO ", helo);
    ServerReply reply = co_await Command(ehlo);
    extensions_ = absl::AsciiStrToUpper(reply.text);
    if (reply.code == 250) co_return std::nullopt;
    if (reply.code / 100 != 5) co_return Refused(reply);
    const std::string old_hello = absl::StrCat("HELO ", helo);
    reply = co_await Command(old_hello);
    extensions_.clear();
    if (reply.code == 250) co_return std::nullopt;
    co_return Refused(reply);
  }

  Awaitable<std::optional<SmtpResult>> Expect(std::string_view command, int code) {
    const ServerReply reply = co_await Command(command);
    if (reply.code == code) co_return std::nullopt;
    co_return Refused(reply);
  }

  // `command` belongs to the caller, who waits.
  Awaitable<ServerReply> Command(std::string_view command) {
    const platform::IoResult written = co_await stream_.Write(command, "\r\n");
    if (written.error) co_return ServerReply{};
    co_return co_await Read();
  }

  // All lines of one reply, joined by line feeds.
  Awaitable<ServerReply> Read() {
    ServerReply reply;
    while (true) {
      for (size_t end = buffer_.find("\r\n"); end != std::string::npos;
           end = buffer_.find("\r\n")) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        reply.code = CodeOf(line);
        if (reply.code == 0) co_return ServerReply{};
        absl::StrAppend(&reply.text, reply.text.empty() ? "" : "\n",
                        line.size() > 4 ? line.substr(4) : "");
        if (line.size() == 3 || line[3] != '-') co_return reply;
      }
      std::array<char, 4096> bytes;
      const platform::IoResult read = co_await stream_.ReadSome(bytes.data(), bytes.size());
      if (read.error || buffer_.size() + reply.text.size() > kReplyBytesMax) {
        co_return ServerReply{};
      }
      buffer_.append(bytes.data(), read.bytes);
    }
  }

  bool HasExtension(std::string_view name) const {
    for (const absl::string_view line : absl::StrSplit(extensions_, '\n')) {
      if (line == ToAbsl(name) || absl::StartsWith(line, absl::StrCat(ToAbsl(name), " ")))
        return true;
    }
    return false;
  }

  bool OffersAuth(std::string_view mechanism) const {
    for (const absl::string_view line : absl::StrSplit(extensions_, '\n')) {
      const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (words.empty() || words[0] != "AUTH") continue;
      for (size_t i = 1; i < words.size(); ++i) {
        if (words[i] == ToAbsl(mechanism)) return true;
      }
    }
    return false;
  }

  static bool IsAscii(const std::string& text) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
  }

  static SmtpResult Broken() {
    return {SmtpResult::Kind::kTemporary, 0, "", "the connection broke before the mail was sent"};
  }
  static SmtpResult Refused(const ServerReply& reply) {
    if (reply.code == 0) return Broken();
    return {reply.code / 100 == 5 ? SmtpResult::Kind::kPermanent : SmtpResult::Kind::kTemporary,
            reply.code, StatusOf(reply.text), reply.text};
  }

  Stream stream_;
  std::string buffer_;
  std::string extensions_;  // One a line, upper case.
};

}  // namespace

std::string DotStuffed(std::string_view message) {
  std::string wire;
  wire.reserve(message.size() + 8);
  bool line_start = true;
  for (const char c : message) {
    if (line_start && c == '.') wire += '.';
    wire += c;
    line_start = c == '\n';
  }
  if (!absl::EndsWith(wire, "\r\n")) wire += "\r\n";
  return wire + ".\r\n";
}

platform::Awaitable<SmtpResult> SendMail(SmtpRoute route, SmtpMail mail, absl::Duration limit) {
  platform::ConnectTarget target;
  target.host = route.host;
  target.port = route.port;
  if (route.security == SmtpRoute::Tls::kImplicit) target.tls = route.tls;
  absl::StatusOr<Stream> stream = co_await platform::Connect(std::move(target), limit / 2);
  if (!stream.ok()) {
    co_return SmtpResult{SmtpResult::Kind::kTemporary, 0, "",
                         std::string(stream.status().message())};
  }
  stream->ExpiresAfter(limit / 2);
  Client client(*std::move(stream));
  co_return co_await client.Run(route, mail);
}

}  // namespace trama::email
