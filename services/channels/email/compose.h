#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trama/outbound/v1/outbound_events.pb.h"

// Makes the mail that carries an outbound message. Pure and repeatable: equal input gives equal
// bytes, so a retry, also after a restart, sends the very same mail.
namespace trama::email {

// The bytes of one media part, in the order of the message's media parts.
struct Attachment {
  std::string bytes;
};

struct Letter {
  const outbound::v1::OutboundMessage& message;
  std::string from_address;
  std::string from_name;
  std::string message_id;  // With angle brackets.
  std::vector<Attachment> attachments;
};

// References keeps the first and the newest of a long thread within these limits (RFC 5322 allows
// 998 octets a line).
inline constexpr size_t kReferencesMax = 20;
inline constexpr size_t kReferencesBytesMax = 900;

// RFC 5322 bytes with CRLF line ends: text and HTML as multipart/alternative, files behind it as
// multipart/mixed. InvalidArgument when the message has no text and no file, an address is
// malformed, or the attachments do not fit its media parts.
absl::StatusOr<std::string> Compose(const Letter& letter);

// The References header for a message: its references, then in_reply_to, without repeats, trimmed
// in the middle.
std::vector<std::string> ReferencesOf(const outbound::v1::OutboundMessage& message);

// A plain text as simple HTML, and an HTML text as plain text.
std::string TextToHtml(std::string_view text);
std::string HtmlToText(std::string_view html);

}  // namespace trama::email
