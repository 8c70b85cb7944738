#include "services/channels/email/mail_intake.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
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

// Who keeps what no customer can be named for.
types::v1::Identifier KeeperOf(const Inbox& inbox) {
  types::v1::Identifier keeper;
  keeper.set_kind(types::v1::IDENTIFIER_KIND_EMAIL);
  keeper.set_value(absl::AsciiStrToLower(inbox.address));
  return keeper;
}

// The reply to what could not be kept.
SmtpReply NotKept(const absl::Status& why) {
  if (why.code() != absl::StatusCode::kResourceExhausted) return ComeAgain();
  return {452, "4.3.1 no room to keep it; come again"};
}

}  // namespace

platform::Awaitable<std::vector<SmtpReply>> MailIntake::Take(Envelope envelope) {
  const absl::Time received_at = clock_.Now();
  std::vector<SmtpReply> replies;
  Spool spool = co_await KeepRaw(envelope);
  const MailPtr read = co_await Read(envelope.message);
  if (read == nullptr) {
    replies.assign(envelope.recipients.size(), ComeAgain());
    Count(replies);
    co_return replies;
  }
  const ParsedMail& mail = *read;
  if (mail.received_count > kReceivedMax) {
    replies.assign(envelope.recipients.size(), {554, "5.4.6 this mail goes round in circles"});
    while (!spool.empty()) {
      const std::string workspace = spool.begin()->first;
      co_await LeaveSpool(spool, workspace, nullptr);
    }
    Count(replies);
    co_return replies;
  }
  for (const std::string& recipient : envelope.recipients) {
    replies.push_back(co_await TakeFor(envelope, recipient, mail, received_at, spool));
  }
  Count(replies);
  co_return replies;
}

platform::Awaitable<MailIntake::Spool> MailIntake::KeepRaw(const Envelope& envelope) {
  Spool spool;
  const absl::StatusOr<Identifier> sender = NormaliseIdentifier("email", "", envelope.sender, "");
  for (const std::string& recipient : envelope.recipients) {
    const std::optional<Inbox> inbox = inboxes_.Find(recipient);
    if (!inbox || spool.contains(inbox->workspace)) continue;
    Spooled& spooled = spool[inbox->workspace];
    spooled.keeper = sender.ok() ? ToProto(*sender) : KeeperOf(*inbox);
    spooled.blob =
        co_await archive_.Put(inbox->workspace, spooled.keeper, envelope.message, kMailType);
  }
  co_return spool;
}

platform::Awaitable<void> MailIntake::LeaveSpool(Spool& spool, const std::string& workspace,
                                                 const types::v1::Identifier* owner) {
  const auto found = spool.find(workspace);
  if (found == spool.end()) co_return;
  const Spooled spooled = std::move(found->second);
  spool.erase(found);
  const bool stays = owner != nullptr && channels::InteractionKey(workspace, *owner) ==
                                             channels::InteractionKey(workspace, spooled.keeper);
  if (stays || !spooled.blob.ok()) co_return;
  const absl::Status deleted = co_await archive_.Delete(*spooled.blob);
  if (deleted.ok()) co_return;
  platform::Log(platform::LogLevel::kWarning, "a mail's first copy was not deleted",
                {{"blob", *spooled.blob}, {"why", deleted}});
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
                                                   const ParsedMail& mail, absl::Time received_at,
                                                   Spool& spool) {
  const std::optional<Inbox> inbox = inboxes_.Find(recipient);
  if (!inbox) co_return ComeAgain();  // It was there at RCPT TO.
  if (const auto kept = spool.find(inbox->workspace);
      kept != spool.end() && !kept->second.blob.ok()) {
    const absl::Status why = kept->second.blob.status();
    platform::Log(platform::LogLevel::kWarning, "mail not kept", {{"why", why}});
    co_return NotKept(why);
  }
  absl::StatusOr<Inbound> inbound =
      ReadInbound(mail, envelope.message, envelope.sender, recipient, *inbox, received_at);
  if (!inbound.ok()) {
    co_return co_await GiveUp(envelope, *inbox, mail, inbound.status(), spool);
  }
  if (absl::Status kept = co_await KeepFiles(*inbound); !kept.ok()) {
    platform::Log(platform::LogLevel::kWarning, "files of a mail not kept", {{"why", kept}});
    co_return NotKept(kept);
  }
  std::optional<types::v1::Identifier> author;
  if (inbound->interaction) author = inbound->interaction->sender().identifier();
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
  arrival.raw_in_blob_store = true;
  const channels::IngestResult result = co_await ingest_.Take(std::move(arrival));
  if (result.status.ok()) {
    const types::v1::Identifier* owner = author ? &*author : nullptr;
    co_await LeaveSpool(spool, inbox->workspace, owner);
    co_return SmtpReply{250, "2.0.0 taken"};
  }
  if (result.status.code() == absl::StatusCode::kInvalidArgument) {
    co_return co_await GiveUp(envelope, *inbox, mail, result.status, spool);
  }
  platform::Log(platform::LogLevel::kWarning, "mail not taken", {{"why", result.status}});
  co_return NotKept(result.status);
}

platform::Awaitable<SmtpReply> MailIntake::GiveUp(const Envelope& envelope, const Inbox& inbox,
                                                  const ParsedMail& mail, const absl::Status& why,
                                                  Spool& spool) {
  const types::v1::Identifier keeper = KeeperOf(inbox);
  channels::Unreadable unreadable;
  unreadable.door = absl::StrCat("mail:", inbox.scope());
  unreadable.id = absl::StrCat(mail.message_id, " ", HexSha256(envelope.message));
  unreadable.workspace = inbox.workspace;
  unreadable.content_type = kMailType;
  unreadable.body = envelope.message.substr(0, kDeadLetterBytesMax);
  unreadable.reason = std::string(why.message());
  const bool is_whole = unreadable.body.size() == envelope.message.size();
  if (!is_whole) {
    // More than a record holds: the whole of it is kept apart.
    const absl::StatusOr<std::string> blob =
        co_await archive_.Put(inbox.workspace, keeper, envelope.message, kMailType);
    if (!blob.ok()) co_return NotKept(blob.status());
    absl::StrAppend(&unreadable.reason, "; here only its beginning, all of it in blob ", *blob);
  }
  const absl::Status given = co_await ingest_.GiveUp(std::move(unreadable));
  if (!given.ok()) co_return ComeAgain();
  const types::v1::Identifier* owner = nullptr;
  if (!is_whole) owner = &keeper;
  co_await LeaveSpool(spool, inbox.workspace, owner);
  co_return SmtpReply{250, "2.0.0 taken"};
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
