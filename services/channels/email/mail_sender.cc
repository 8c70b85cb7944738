#include "services/channels/email/mail_sender.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/email/compose.h"
#include "services/channels/email/dkim.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/email_address.h"
#include "services/platform/base/server_address.h"

namespace trama::email {
namespace {

using channels::SendOutcome;
using delivery::v1::Failure;

SendOutcome Failed(Failure::Reason reason, std::string detail) {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kFailed;
  outcome.failure.set_reason(reason);
  outcome.failure.set_detail(std::move(detail));
  return outcome;
}

SendOutcome Retry(Failure::Reason reason, std::string detail) {
  SendOutcome outcome = Failed(reason, std::move(detail));
  outcome.kind = SendOutcome::Kind::kRetry;
  outcome.failure.set_retryable(true);
  return outcome;
}

// What can be healed by whoever runs Trama while the message waits, and what cannot.
SendOutcome NotWritten(const absl::Status& why) {
  std::string detail(why.message());
  switch (why.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Failed(Failure::REASON_REJECTED_CONTENT, std::move(detail));
    case absl::StatusCode::kResourceExhausted:
      return Failed(Failure::REASON_TOO_LONG, std::move(detail));
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kDataLoss:  // Of a file.
      return Failed(Failure::REASON_OTHER, std::move(detail));
    default:
      return Retry(Failure::REASON_OTHER, std::move(detail));
  }
}

Failure::Reason ReasonOf(const SmtpResult& result) {
  if (absl::StartsWith(result.status, "5.1.")) return Failure::REASON_INVALID_RECIPIENT;
  if (absl::StartsWith(result.status, "5.7.") || result.code == 535) {
    return Failure::REASON_NOT_AUTHORISED;
  }
  if (result.code == 552) return Failure::REASON_TOO_LONG;
  if (result.code == 550) return Failure::REASON_INVALID_RECIPIENT;
  if (result.kind == SmtpResult::Kind::kPermanent) return Failure::REASON_REJECTED_CONTENT;
  return Failure::REASON_VENDOR_DOWN;
}

SendOutcome OutcomeOf(const SmtpResult& result, const std::string& message_id) {
  SendOutcome outcome;
  outcome.vendor_message_id = message_id;
  outcome.vendor_status = result.code == 0 ? "" : absl::StrCat(result.code);
  if (result.kind == SmtpResult::Kind::kAccepted) {
    outcome.kind = SendOutcome::Kind::kSent;
    return outcome;
  }
  outcome.kind = result.kind == SmtpResult::Kind::kAmbiguous   ? SendOutcome::Kind::kAmbiguous
                 : result.kind == SmtpResult::Kind::kPermanent ? SendOutcome::Kind::kFailed
                                                               : SendOutcome::Kind::kRetry;
  outcome.failure.set_reason(ReasonOf(result));
  outcome.failure.set_vendor_code(result.status.empty() ? outcome.vendor_status : result.status);
  outcome.failure.set_retryable(outcome.kind != SendOutcome::Kind::kFailed);
  // Not the server's words: they often repeat the address.
  outcome.failure.set_detail(result.code == 0 ? result.text : "the server refused the mail");
  return outcome;
}

std::string DomainOf(const config::v1::EmailAccount& account) {
  const absl::StatusOr<EmailAddress> address = EmailAddress::Parse(account.address());
  return address.ok() ? address->domain() : "localhost";
}

}  // namespace

absl::StatusOr<SmtpRoute> MailSender::RouteOf(const channels::ChannelAccount& account) const {
  const config::v1::EmailAccount& email = account.spec.email();
  const auto server = platform::ParseServerAddress(email.smtp_server(), /*allow_port_zero=*/false);
  // Of the account, not of the message, which may wait until it was mended.
  if (!server.ok()) return absl::FailedPreconditionError(server.status().message());
  SmtpRoute route;
  route.host = server->host;
  route.port = static_cast<uint16_t>(server->port);
  route.helo = DomainOf(email);
  route.user = email.smtp_user();
  if (email.smtp_tls() == config::v1::EmailAccount::STARTTLS) {
    route.security = SmtpRoute::Tls::kStartTls;
  } else if (email.smtp_tls() == config::v1::EmailAccount::IMPLICIT) {
    route.security = SmtpRoute::Tls::kImplicit;
  }
  route.tls = tls_;
  if (route.security != SmtpRoute::Tls::kNone && tls_ == nullptr) {
    return absl::FailedPreconditionError("this process has no TLS authorities to trust");
  }
  if (!email.smtp_password().empty()) {
    const absl::StatusOr<std::string> password = accounts_.Secret(email.smtp_password());
    if (!password.ok()) return absl::UnavailableError(password.status().message());
    route.password = *password;
  }
  return route;
}

platform::Awaitable<absl::StatusOr<SmtpMail>> MailSender::Write(
    const outbound::v1::OutboundMessage& message, const channels::ChannelAccount& account) {
  const config::v1::EmailAccount& email = account.spec.email();
  const absl::StatusOr<std::string> secret = accounts_.Secret(email.token_secret());
  if (!secret.ok()) co_return absl::UnavailableError(secret.status().message());
  const std::string domain = DomainOf(email);
  const std::string scope = account.workspace + "/" + account.name;
  const OutgoingIds ids{message.message_id(), message.conversation_id(), message.partition()};
  const std::string token = MakeToken('m', *secret, scope, ids);
  Letter letter{
      message, email.address(), email.from_name(), absl::StrCat("<", token, "@", domain, ">"), {}};
  size_t left = kFileBytesMax;
  for (const types::v1::Part& part : message.parts()) {
    if (!part.has_media()) continue;
    absl::StatusOr<platform::Blob> blob = co_await archive_.Get(part.media().blob(), left);
    if (!blob.ok()) co_return blob.status();
    left -= blob->bytes.size();
    letter.attachments.push_back({std::move(blob->bytes)});
  }
  absl::StatusOr<std::string> text = Compose(letter);
  if (!text.ok()) co_return text.status();
  // Compose has refused what is no address; anything else could say more than RCPT TO.
  const absl::StatusOr<EmailAddress> recipient = EmailAddress::Parse(message.recipient_address());
  if (!recipient.ok()) co_return recipient.status();
  if (email.has_dkim()) {
    const absl::StatusOr<std::string> key = accounts_.Secret(email.dkim().private_key());
    if (!key.ok()) co_return absl::UnavailableError(key.status().message());
    const absl::StatusOr<DkimSigner> signer =
        DkimSigner::Create(email.dkim().domain(), email.dkim().selector(), *key);
    if (!signer.ok()) co_return absl::UnavailableError(signer.status().message());
    // Signed as of its date, so that every attempt is the same mail.
    const absl::StatusOr<std::string> header =
        signer->Sign(*text, channels::FromProto(message.created_at()));
    if (!header.ok()) co_return header.status();
    *text = *header + *text;
  }
  SmtpMail mail;
  mail.sender = absl::StrCat(MakeToken('b', *secret, scope, ids), "@", domain);
  mail.recipient = recipient->Address();
  mail.envelope_id = token;  // Comes back in reports and is as hard to forge as the Message-ID.
  mail.message_id = letter.message_id;
  mail.message = *std::move(text);
  co_return mail;
}

platform::Awaitable<SendOutcome> MailSender::Send(channels::OutboundPtr message,
                                                  channels::Attempt) {
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(message->workspace(), message->channel_account());
  if (!account || account->is_off()) {
    co_return Failed(Failure::REASON_ACCOUNT_OFF, "the channel account is off or gone");
  }
  absl::StatusOr<SmtpRoute> route = RouteOf(*account);
  if (!route.ok()) co_return NotWritten(route.status());
  absl::StatusOr<SmtpMail> mail = co_await Write(*message, *account);
  if (!mail.ok()) co_return NotWritten(mail.status());
  const std::string message_id = mail->message_id;
  // Delivery runs every call on a strand of its own, which is what the connection wants.
  const SmtpResult result = co_await SendMail(*std::move(route), *std::move(mail), kCallMax);
  co_return OutcomeOf(result, message_id);
}

}  // namespace trama::email
