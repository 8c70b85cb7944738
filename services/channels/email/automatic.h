#pragma once

#include <set>
#include <string>

#include "services/channels/email/mail_parser.h"

namespace trama::email {

// A mail that has passed our own hands more often is in a loop.
inline constexpr int kOwnLoopsMax = 5;
// Received headers above which a mail is refused outright (RFC 5321, 6.3).
inline constexpr size_t kReceivedMax = 100;

// Why a mail was not written by a person (RFC 3834), such as "auto-submitted"; empty when it was.
// `own_addresses` are the inboxes of the workspace, in lower case.
std::string AutomaticReason(const ParsedMail& mail, const std::string& envelope_sender,
                            const std::set<std::string>& own_addresses);

// Such as MAILER-DAEMON@mx.test.
bool IsSystemSender(const std::string& address);

}  // namespace trama::email
