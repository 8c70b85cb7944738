#pragma once

#include <string_view>

#include "services/channels/email/mail_parser.h"

// The parts of a multipart/report (RFC 6522), as far as they concern mails of ours. Pure.
namespace trama::email {

// message/delivery-status (RFC 3464) and message/global-delivery-status (RFC 6533): blocks of
// fields with empty lines between, one for the mail, then one per recipient.
void ReadDeliveryStatus(std::string_view content, ParsedMail& mail);

// message/disposition-notification (RFC 8098): what the reader's program did with a mail.
void ReadDisposition(std::string_view content, ParsedMail& mail);

// The mail that the report is about, whole or its headers.
void ReadReportedHeaders(std::string_view content, ParsedMail& mail);

}  // namespace trama::email
