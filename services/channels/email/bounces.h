#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/channels/email/inbound.h"
#include "services/channels/email/mail_parser.h"

// What comes back about mails of ours: delivery reports (RFC 3464, RFC 6533), read receipts (RFC
// 8098) and the bounces of servers that write none. Pure.
namespace trama::email {

// None when the mail is no report, or about no mail of ours that can be named; it is then shown as
// what it is. Empty when it is one and ends nothing, such as a delay.
//
// Ours is found by, in this order: the return path that it came to, the envelope id, the Message-ID
// of the mail in it, a Message-ID quoted in its text. All of these carry an HMAC, so that nobody
// can report on a mail that he has not seen.
std::optional<std::vector<Bounce>> ReadBounces(const ParsedMail& mail,
                                               const std::string& envelope_sender,
                                               const std::string& recipient, const Inbox& inbox,
                                               absl::Time received_at);

}  // namespace trama::email
