#include "services/channels/email/smtp_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

constexpr std::string_view kEnd = "\r\n.\r\n";

struct Path {
  std::string address;
  std::vector<std::string> parameters;
};

// "FROM:<ana@x.test> SIZE=10"; a source route (RFC 5321, 4.1.1.3) is dropped. None when malformed.
std::optional<Path> ParsePath(std::string_view argument, std::string_view keyword) {
  absl::string_view rest = ToAbsl(argument);
  if (!absl::StartsWithIgnoreCase(rest, ToAbsl(keyword))) return std::nullopt;
  rest = absl::StripLeadingAsciiWhitespace(rest.substr(keyword.size()));
  if (!absl::ConsumePrefix(&rest, "<")) return std::nullopt;
  bool quoted = false;
  size_t close = 0;
  for (; close < rest.size() && (quoted || rest[close] != '>'); ++close) {
    if (rest[close] == '\\' && quoted)
      ++close;
    else if (rest[close] == '"')
      quoted = !quoted;
  }
  if (close >= rest.size()) return std::nullopt;
  Path path;
  absl::string_view address = rest.substr(0, close);
  if (absl::StartsWith(address, "@")) {
    const size_t colon = address.find(':');
    if (colon == absl::string_view::npos) return std::nullopt;
    address.remove_prefix(colon + 1);
  }
  path.address = std::string(address);
  for (const char c : path.address) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  }
  path.parameters = absl::StrSplit(rest.substr(close + 1), ' ', absl::SkipEmpty());
  return path;
}

// A dot that begins a line was stuffed there (RFC 5321, 4.5.2). Only CRLF ends a line.
std::string Unstuffed(std::string_view wire) {
  std::string message;
  message.reserve(wire.size());
  if (!wire.empty() && wire.front() == '.') wire.remove_prefix(1);
  while (true) {
    const size_t dot = wire.find("\r\n.");
    if (dot == std::string_view::npos) break;
    message.append(wire.substr(0, dot + 2));
    wire.remove_prefix(dot + 3);
  }
  return message.append(wire);
}

}  // namespace

std::string SmtpSession::Greeting() const {
  return absl::StrCat("220 ", options_.hostname,
                      options_.mode == Mode::kLmtp ? " LMTP Trama\r\n" : " ESMTP Trama\r\n");
}

std::string SmtpSession::Goodbye(std::string_view hostname, std::string_view why) {
  return absl::StrCat("421 4.3.2 ", ToAbsl(hostname), " ", ToAbsl(why), "\r\n");
}

SmtpSession::Output SmtpSession::Feed(std::string_view bytes) {
  Output output;
  buffer_.append(bytes);
  Advance(output);
  return output;
}

SmtpSession::Output SmtpSession::Answer(const std::vector<SmtpReply>& per_recipient) {
  TRAMA_CHECK(state_ == State::kWaiting);
  TRAMA_CHECK(per_recipient.size() == envelope_.recipients.size());
  Output output;
  if (options_.mode == Mode::kLmtp) {
    for (const SmtpReply& reply : per_recipient) Say(output, reply.code, reply.text);
  } else {
    const auto worst = std::max_element(
        per_recipient.begin(), per_recipient.end(), [](const SmtpReply& a, const SmtpReply& b) {
          // One recipient that must come again makes all come again: the others are repeats then.
          const auto rank = [](int code) { return code < 400 ? 0 : code >= 500 ? 1 : 2; };
          return rank(a.code) < rank(b.code);
        });
    Say(output, worst->code, worst->text);
  }
  Reset();
  Advance(output);
  return output;
}

void SmtpSession::TlsStarted() {
  tls_ = true;
  buffer_.clear();
  helo_.clear();
  Reset();
  state_ = State::kStart;
}

void SmtpSession::Advance(Output& output) {
  while (!output.close && !output.start_tls && state_ != State::kWaiting) {
    if (state_ == State::kData) {
      TakeData(output);
      if (state_ == State::kData) return;
      continue;
    }
    std::string line;
    if (!TakeLine(line, output)) return;
    Command(line, output);
  }
}

// False when there is no whole line yet.
bool SmtpSession::TakeLine(std::string& line, Output& output) {
  const size_t feed = buffer_.find('\n');
  // Whether its end has come already or not.
  if (std::min(feed, buffer_.size()) > kLineBytesMax) {
    Say(output, 500, "5.5.6 line too long");
    output.close = true;
    return false;
  }
  if (feed == std::string::npos) return false;
  line = buffer_.substr(0, feed);
  buffer_.erase(0, feed + 1);
  if (line.empty() || line.back() != '\r' || line.find('\r') != line.size() - 1 ||
      line.find('\0') != std::string::npos) {
    Refuse(output, 500, "5.5.2 a command is one line that ends with CRLF");
    line = "";
    return !output.close && TakeLine(line, output);
  }
  line.pop_back();
  return true;
}

void SmtpSession::TakeData(Output& output) {
  // The empty mail is ".CRLF" at once: the CRLF of DATA belongs to its end.
  const bool empty = absl::StartsWith(buffer_, ".\r\n") && !too_large_;
  size_t end = empty ? 0 : buffer_.find(kEnd, scanned_);
  if (!empty && end == std::string::npos) {
    scanned_ = buffer_.size() < kEnd.size() ? 0 : buffer_.size() - kEnd.size() + 1;
    if (buffer_.size() > options_.message_bytes_max + kEnd.size()) {
      too_large_ = true;
      buffer_.erase(0, scanned_);
      scanned_ = 0;
    }
    return;
  }
  std::string message = empty ? "" : Unstuffed(std::string_view(buffer_).substr(0, end + 2));
  buffer_.erase(0, empty ? 3 : end + kEnd.size());
  buffer_.shrink_to_fit();  // It was as large as the mail.
  scanned_ = 0;
  if (std::exchange(too_large_, false) || message.size() > options_.message_bytes_max) {
    Reset();
    return Refuse(output, 552,
                  absl::StrCat("5.3.4 at most ", options_.message_bytes_max, " bytes"));
  }
  envelope_.helo = helo_;
  state_ = State::kWaiting;
  output.mail = envelope_;
  output.mail->message = std::move(message);
}

void SmtpSession::Command(const std::string& line, Output& output) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
  const std::string verb = absl::AsciiStrToUpper(parts.first);
  if (verb == "EHLO" || verb == "HELO" || verb == "LHLO") return Hello(verb, parts.second, output);
  if (verb == "NOOP") return Say(output, 250, "2.0.0 ok");
  if (verb == "RSET") {
    Reset();
    return Say(output, 250, "2.0.0 ok");
  }
  if (verb == "QUIT") {
    Say(output, 221, "2.0.0 bye");
    output.close = true;
    return;
  }
  if (verb == "STARTTLS") return StartTls(output);
  if (verb == "VRFY" || verb == "EXPN") {
    return Say(output, 252, "2.5.2 send the mail, then it is seen");
  }
  if (verb == "MAIL") return MailFrom(parts.second, output);
  if (verb == "RCPT") return RcptTo(parts.second, output);
  if (verb == "DATA") return Data(output);
  Refuse(output, 500, "5.5.1 command not known");
}

void SmtpSession::Hello(const std::string& verb, const std::string& argument, Output& output) {
  const bool lmtp = options_.mode == Mode::kLmtp;
  if (lmtp != (verb == "LHLO")) {
    return Refuse(output, 500,
                  lmtp ? "5.5.1 this is LMTP: say LHLO" : "5.5.1 this is SMTP: say EHLO");
  }
  const absl::string_view name = absl::StripAsciiWhitespace(argument);
  if (name.empty()) return Refuse(output, 501, "5.5.4 say who you are");
  state_ = State::kGreeted;
  Reset();
  helo_ = std::string(name);
  if (verb == "HELO") return Say(output, 250, options_.hostname);
  absl::StrAppend(&output.replies, "250-", options_.hostname, "\r\n250-PIPELINING\r\n250-SIZE ",
                  options_.message_bytes_max, "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n");
  if (options_.offer_starttls && !tls_) absl::StrAppend(&output.replies, "250-STARTTLS\r\n");
  absl::StrAppend(&output.replies, "250 ENHANCEDSTATUSCODES\r\n");
}

void SmtpSession::MailFrom(const std::string& argument, Output& output) {
  if (state_ == State::kStart) return Refuse(output, 503, "5.5.1 say hello first");
  if (state_ != State::kGreeted) return Refuse(output, 503, "5.5.1 one mail at a time");
  const std::optional<Path> path = ParsePath(argument, "FROM:");
  if (!path) return Refuse(output, 501, "5.5.4 say MAIL FROM:<address>");
  for (const std::string& parameter : path->parameters) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    const std::string name = absl::AsciiStrToUpper(pair.first);
    uint64_t size = 0;
    if (name == "SIZE") {
      if (!absl::SimpleAtoi(pair.second, &size))
        return Refuse(output, 501, "5.5.4 SIZE is a number");
      if (size > options_.message_bytes_max) {
        return Refuse(output, 552,
                      absl::StrCat("5.3.4 at most ", options_.message_bytes_max, " bytes"));
      }
    } else if (name == "SMTPUTF8") {
      envelope_.smtputf8 = true;
    } else if (name != "BODY" && name != "RET" && name != "ENVID" && name != "AUTH") {
      return Refuse(output, 555, absl::StrCat("5.5.4 parameter not known: ", name.substr(0, 32)));
    }
  }
  envelope_.sender = path->address;
  state_ = State::kMail;
  Say(output, 250, "2.1.0 ok");
}

void SmtpSession::RcptTo(const std::string& argument, Output& output) {
  if (state_ != State::kMail && state_ != State::kRecipients) {
    return Refuse(output, 503, "5.5.1 MAIL comes first");
  }
  const std::optional<Path> path = ParsePath(argument, "TO:");
  if (!path || path->address.empty()) return Refuse(output, 501, "5.5.4 say RCPT TO:<address>");
  if (envelope_.recipients.size() >= options_.recipients_max) {
    return Refuse(output, 452,
                  absl::StrCat("4.5.3 at most ", options_.recipients_max,
                               " recipients; send the rest again"));
  }
  const SmtpReply checked = check_(path->address);
  if (checked.code >= 400) return Refuse(output, checked.code, checked.text);
  envelope_.recipients.push_back(path->address);
  state_ = State::kRecipients;
  Say(output, checked.code, checked.text);
}

void SmtpSession::Data(Output& output) {
  if (state_ != State::kRecipients) {
    return Refuse(output, 503, "5.5.1 no recipient was taken");
  }
  state_ = State::kData;
  scanned_ = 0;
  Say(output, 354, "end with a dot on a line of its own");
}

void SmtpSession::StartTls(Output& output) {
  if (!options_.offer_starttls || tls_) return Refuse(output, 502, "5.5.1 no STARTTLS here");
  // What was sent behind the command was sent in the clear: thrown away (RFC 3207, 5).
  buffer_.clear();
  Say(output, 220, "2.0.0 go ahead");
  output.start_tls = true;
}

void SmtpSession::Reset() {
  envelope_ = Envelope();
  scanned_ = 0;
  too_large_ = false;
  if (state_ != State::kStart) state_ = State::kGreeted;
}

void SmtpSession::Say(Output& output, int code, std::string_view text) {
  absl::StrAppend(&output.replies, code, " ", ToAbsl(text), "\r\n");
}

void SmtpSession::Refuse(Output& output, int code, std::string_view text) {
  Say(output, code, text);
  if (++errors_ < kErrorsMax) return;
  absl::StrAppend(&output.replies, Goodbye(options_.hostname, "too many errors"));
  output.close = true;
}

}  // namespace trama::email
