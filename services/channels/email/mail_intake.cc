#include "services/channels/email/mail_intake.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/email/automatic.h"
#include "services/kernel/digest.h"
#include "services/kernel/identifier.h"
#include "services/kernel/resources/identifiers.h"
#include "services/platform/base/log.h"

namespace trama::email {
namespace {

constexpr char kMailType[] = "message/rfc822";

// What fits into a record with room to spare (Kafka's default for a topic is 1 MiB).
constexpr size_t kDeadLetterBytesMax = 512 * 1024;

SmtpReply ComeAgain() { return {451, "4.3.0 cannot be kept now; come again"}; }

}  // namespace

platform::Awaitable<std::vector<SmtpReply>> MailIntake::Take(Envelope envelope) {
  const absl::Time received_at = clock_.Now();
  std::vector<SmtpReply> replies;
  const MailPtr read = co_await Read(envelope.message);
  if (read == nullptr) {
    replies.assign(envelope.recipients.size(), ComeAgain());
    Count(replies);
    co_return replies;
  }
  const ParsedMail& mail = *read;
  for (const std::string& recipient : envelope.recipients) {
    if (mail.received_count > kReceivedMax) {
      replies.push_back({554, "5.4.6 this mail goes round in circles"});
      continue;
    }
    replies.push_back(co_await TakeFor(envelope, recipient, mail, received_at));
  }
  Count(replies);
  co_return replies;
}

platform::Awaitable<MailIntake::MailPtr> MailIntake::Read(std::string_view raw) {
  // On a worker: a large mail takes long, and the threads of the dialogues must not wait.
  co_return co_await platform::AwaitCallback<MailPtr>([&](std::function<void(MailPtr)> done) {
    const bool submitted =
        workers_.Submit([raw, done] { done(std::make_shared<const ParsedMail>(ParseMail(raw))); });
    if (!submitted) done(nullptr);
  });
}

void MailIntake::Count(const std::vector<SmtpReply>& replies) {
  for (const SmtpReply& reply : replies) {
    mails_.With({reply.code < 400   ? "taken"
                 : reply.code < 500 ? "deferred"
                                    : "refused"})
        .Increment();
  }
}

platform::Awaitable<SmtpReply> MailIntake::TakeFor(const Envelope& envelope,
                                                   const std::string& recipient,
                                                   const ParsedMail& mail, absl::Time received_at) {
  const std::optional<Inbox> inbox = inboxes_.Find(recipient);
  if (!inbox) co_return ComeAgain();  // It was there at RCPT TO.
  absl::StatusOr<Inbound> inbound =
      ReadInbound(mail, envelope.message, envelope.sender, recipient, *inbox, received_at);
  if (!inbound.ok()) co_return co_await GiveUp(envelope, *inbox, mail, inbound.status());
  if (absl::Status kept = co_await KeepFiles(*inbound); !kept.ok()) {
    platform::Log(platform::LogLevel::kWarning, "files of a mail not kept", {{"why", kept}});
    co_return ComeAgain();
  }
  channels::Arrival arrival;
  arrival.workspace = inbox->workspace;
  arrival.account = inbox->account;
  arrival.event_ids = {inbound->event_id};
  if (inbound->interaction) arrival.interactions.push_back(*std::move(inbound->interaction));
  for (Bounce& bounce : inbound->bounces) {
    arrival.receipts.push_back({bounce.partition, std::move(bounce.delivery)});
  }
  arrival.raw = envelope.message;
  arrival.raw_content_type = kMailType;
  const channels::IngestResult result = co_await ingest_.Take(std::move(arrival));
  if (result.status.ok()) co_return SmtpReply{250, "2.0.0 taken"};
  if (result.status.code() == absl::StatusCode::kInvalidArgument) {
    co_return co_await GiveUp(envelope, *inbox, mail, result.status);
  }
  platform::Log(platform::LogLevel::kWarning, "mail not taken", {{"why", result.status}});
  co_return ComeAgain();
}

platform::Awaitable<SmtpReply> MailIntake::GiveUp(const Envelope& envelope, const Inbox& inbox,
                                                  const ParsedMail& mail, const absl::Status& why) {
  channels::Unreadable unreadable;
  unreadable.door = absl::StrCat("mail:", inbox.scope());
  unreadable.id = absl::StrCat(mail.message_id, " ", HexSha256(envelope.message));
  unreadable.workspace = inbox.workspace;
  unreadable.content_type = kMailType;
  unreadable.body = envelope.message.substr(0, kDeadLetterBytesMax);
  unreadable.reason = std::string(why.message());
  if (unreadable.body.size() < envelope.message.size()) {
    // More than a record holds: the whole of it is kept apart.
    const absl::StatusOr<Identifier> owner = NormaliseIdentifier("email", "", inbox.address, "");
    if (!owner.ok()) co_return ComeAgain();
    types::v1::Identifier keeper = ToProto(*owner);
    const absl::StatusOr<std::string> blob =
        co_await archive_.Put(inbox.workspace, std::move(keeper), envelope.message, kMailType);
    if (!blob.ok()) co_return ComeAgain();
    absl::StrAppend(&unreadable.reason, "; here only its beginning, all of it in blob ", *blob);
  }
  const absl::Status given = co_await ingest_.GiveUp(std::move(unreadable));
  if (given.ok()) co_return SmtpReply{250, "2.0.0 taken"};
  co_return ComeAgain();
}

platform::Awaitable<absl::Status> MailIntake::KeepFiles(Inbound& inbound) {
  if (!inbound.interaction) co_return absl::OkStatus();
  interaction::v1::Interaction& interaction = *inbound.interaction;
  for (auto& [index, bytes] : inbound.files) {
    types::v1::Media& media = *interaction.mutable_parts(index)->mutable_media();
    media.set_sha256(HexSha256(bytes));
    absl::StatusOr<std::string> blob =
        co_await archive_.Put(interaction.workspace(), interaction.sender().identifier(),
                              std::move(bytes), media.content_type());
    if (!blob.ok()) co_return blob.status();
    media.set_blob(*std::move(blob));
  }
  co_return absl::OkStatus();
}

}  // namespace trama::email
