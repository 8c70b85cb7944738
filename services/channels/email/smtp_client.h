#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/tls.h"

namespace trama::email {

// Where and how a mail is submitted.
struct SmtpRoute {
  std::string host;
  uint16_t port = 0;
  enum class Tls { kNone, kStartTls, kImplicit };
  Tls security = Tls::kNone;
  std::shared_ptr<platform::TlsContext> tls;  // Set unless kNone.
  std::string user;                           // Empty: no AUTH.
  std::string password;                       // For XOAUTH2 the access token.
  std::string helo;                           // Who we say we are.
};

struct SmtpMail {
  std::string sender;  // Return path.
  std::string recipient;
  std::string message_id;   // As in its header.
  std::string envelope_id;  // ENVID for delivery reports (RFC 3461), printable ASCII.
  std::string message;      // CRLF lines; dots are stuffed here.
};

struct SmtpResult {
  enum class Kind {
    kAccepted,   // 250 to the mail.
    kTemporary,  // 4xx, or no connection: it certainly was not taken.
    kAmbiguous,  // The connection broke after the whole mail was sent.
    kPermanent,  // 5xx, or something that no retry heals (no STARTTLS offered).
  };
  Kind kind = Kind::kTemporary;
  int code = 0;        // 0 when no server answered.
  std::string status;  // "5.1.1", empty when the server does not say.
  std::string text;    // The server's words; may name the recipient, so not for logs.
};

// One connection, one mail (RFC 5321, RFC 3207, RFC 4954). `limit` is for everything up to the mail
// itself; it and the server's answer to it have the minutes that RFC 5321 gives them.
platform::Awaitable<SmtpResult> SendMail(SmtpRoute route, SmtpMail mail, absl::Duration limit);

// The message as it goes over the wire: dots stuffed, ended by CRLF.CRLF.
std::string DotStuffed(std::string_view message);

}  // namespace trama::email
