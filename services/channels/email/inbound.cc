#include "services/channels/email/inbound.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/email/automatic.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/identifier.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

using interaction::v1::Interaction;
using interaction::v1::ThreadEvidence;

constexpr char kChannel[] = "email";

// Where an answer to one of our mails belongs, by our own token, if it carries one.
std::optional<OutgoingIds> OurToken(const Inbox& inbox, std::string_view message_id) {
  return ReadToken('m', inbox.token_secret, inbox.scope(), LocalPart(message_id));
}

void AddEvidence(ThreadEvidence::Kind kind, const std::string& value, Interaction& interaction) {
  ThreadEvidence& evidence = *interaction.add_thread_evidence();
  evidence.set_kind(kind);
  evidence.set_value(value);
}

// Strongest first: our tokens, In-Reply-To, References from the newest back, Outlook's index.
void AddThread(const ParsedMail& mail, const Inbox& inbox, Interaction& interaction) {
  std::vector<std::string> ids = mail.in_reply_to;
  ids.insert(ids.end(), mail.references.rbegin(), mail.references.rend());
  for (const std::string& id : ids) {
    if (const std::optional<OutgoingIds> ours = OurToken(inbox, id)) {
      AddEvidence(ThreadEvidence::KIND_SIGNED_TOKEN, ours->conversation_id, interaction);
      break;
    }
  }
  std::set<std::string> seen;
  for (const std::string& id : ids) {
    if (seen.insert(id).second) AddEvidence(ThreadEvidence::KIND_REFERENCE, id, interaction);
  }
  if (!mail.thread_index.empty()) {
    AddEvidence(ThreadEvidence::KIND_THREAD_INDEX, mail.thread_index, interaction);
  }
  if (!mail.in_reply_to.empty()) {
    interaction.set_reply_to_vendor_message_id(mail.in_reply_to.front());
  }
  interaction.set_conversation_key(!mail.references.empty()    ? mail.references.front()
                                   : !mail.in_reply_to.empty() ? mail.in_reply_to.front()
                                                               : mail.message_id);
}

void AddParts(const ParsedMail& mail, Inbound& inbound) {
  Interaction& interaction = *inbound.interaction;
  for (const Piece& piece : mail.pieces) {
    types::v1::Part& part = *interaction.add_parts();
    if (piece.kind != Piece::Kind::kFile) {
      part.mutable_text()->set_body(piece.text);
      part.mutable_text()->set_format(piece.kind == Piece::Kind::kHtml
                                          ? types::v1::Text::FORMAT_HTML
                                          : types::v1::Text::FORMAT_PLAIN);
      continue;
    }
    types::v1::Media& media = *part.mutable_media();
    media.set_content_type(piece.content_type);
    media.set_file_name(piece.file_name);
    media.set_content_id(piece.content_id);
    media.set_is_inline(piece.is_inline);
    media.set_size_bytes(static_cast<int64_t>(piece.bytes.size()));
    inbound.files.emplace_back(interaction.parts_size() - 1, piece.bytes);
  }
}

// "mx.demo.test; spf=pass smtp.mailfrom=…; dkim=pass …" of the server that we trust (RFC 8601).
void AddAuthentication(const ParsedMail& mail, const Inbox& inbox, Interaction& interaction) {
  if (inbox.trusted_authserv_id.empty()) return;
  for (const std::string& header : mail.authentication_results) {
    const std::vector<std::string> parts = absl::StrSplit(header, ';');
    const std::vector<std::string> server =
        absl::StrSplit(parts.front(), absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
    if (server.empty() || !absl::EqualsIgnoreCase(server[0], inbox.trusted_authserv_id)) continue;
    for (size_t i = 1; i < parts.size(); ++i) {
      const absl::string_view result = absl::StripAsciiWhitespace(parts[i]);
      const size_t equals = result.find('=');
      if (equals == absl::string_view::npos) continue;
      const std::string method = absl::AsciiStrToLower(result.substr(0, equals));
      const absl::string_view value = result.substr(equals + 1);
      (*interaction.mutable_authentication())[method] =
          absl::AsciiStrToLower(value.substr(0, value.find_first_of(" \t\r\n(")));
    }
    break;  // Only the newest, on top, can be the server's own.
  }
  const auto dmarc = interaction.authentication().find("dmarc");
  interaction.mutable_sender()->set_verified(dmarc != interaction.authentication().end() &&
                                             dmarc->second == "pass");
}

void AddOthers(const ParsedMail& mail, const Inbox& inbox, Interaction& interaction) {
  for (const Address& address : mail.to) {
    if (inbox.own_addresses.contains(absl::AsciiStrToLower(address.address))) continue;
    const absl::StatusOr<Identifier> identifier =
        NormaliseIdentifier("email", "", address.address, "");
    if (identifier.ok()) *interaction.add_other_recipients() = ToProto(*identifier);
  }
}

delivery::v1::Failure::Reason FailureReason(const std::string& status) {
  if (absl::StartsWith(status, "5.1.")) return delivery::v1::Failure::REASON_INVALID_RECIPIENT;
  if (absl::StartsWith(status, "5.7.")) return delivery::v1::Failure::REASON_NOT_AUTHORISED;
  if (absl::StartsWith(status, "5.3.4") || absl::StartsWith(status, "5.2.3")) {
    return delivery::v1::Failure::REASON_TOO_LONG;
  }
  return delivery::v1::Failure::REASON_BOUNCED;
}

// Our mail that a report is about: by the return path first, then by its Message-ID.
std::optional<OutgoingIds> ReportedIds(const ParsedMail& mail, const std::string& recipient,
                                       const Inbox& inbox) {
  std::optional<OutgoingIds> ids =
      ReadToken('b', inbox.token_secret, inbox.scope(), LocalPart(recipient));
  return ids ? ids : OurToken(inbox, mail.reported_message_id);
}

void AddBounces(const ParsedMail& mail, const OutgoingIds& ids, const Inbox& inbox,
                absl::Time received_at, Inbound& inbound) {
  for (const RecipientReport& report : mail.reports) {
    const bool failed = report.action == "failed";
    if (!failed && report.action != "delivered") continue;  // Delays and relays end nothing.
    Bounce& bounce = inbound.bounces.emplace_back();
    bounce.partition = ids.partition;
    delivery::v1::Delivery& delivery = bounce.delivery;
    delivery.set_event_id(channels::ReceiptId(kChannel, inbox.workspace, inbox.account,
                                              ids.message_id, report.action + report.status));
    delivery.set_workspace(inbox.workspace);
    delivery.set_message_id(ids.message_id);
    delivery.set_conversation_id(ids.conversation_id);
    delivery.set_channel(kChannel);
    delivery.set_channel_account(inbox.account);
    delivery.set_vendor_status(report.action);
    channels::SetProto(received_at, delivery.mutable_occurred_at());
    delivery.set_status(failed ? delivery::v1::STATUS_FAILED : delivery::v1::STATUS_DELIVERED);
    if (!failed) continue;
    delivery.mutable_failure()->set_reason(FailureReason(report.status));
    delivery.mutable_failure()->set_vendor_code(report.status);
    delivery.mutable_failure()->set_detail("the receiving server reported that it failed");
  }
}

}  // namespace

absl::StatusOr<Inbound> ReadInbound(const ParsedMail& mail, std::string_view raw,
                                    const std::string& envelope_sender,
                                    const std::string& recipient, const Inbox& inbox,
                                    absl::Time received_at) {
  Inbound inbound;
  inbound.event_id = absl::StrCat(mail.message_id, " ", BodyHash(raw));
  // A report without any word about a recipient is shown instead: it may be in the text.
  if (mail.is_delivery_report && !mail.reports.empty()) {
    if (const std::optional<OutgoingIds> ids = ReportedIds(mail, recipient, inbox)) {
      AddBounces(mail, *ids, inbox, received_at, inbound);
      return inbound;
    }
  }
  std::string written = mail.from.address;
  absl::StatusOr<Identifier> sender = NormaliseIdentifier("email", "", written, "");
  const bool has_from = sender.ok();
  if (!has_from) {
    written = envelope_sender;
    sender = NormaliseIdentifier("email", "", written, "");
  }
  if (!sender.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the mail names no sender that can be read: ", sender.status().message()));
  }
  Interaction& interaction = inbound.interaction.emplace();
  interaction.set_interaction_id(channels::InteractionId(
      kChannel, inbox.workspace, inbox.account, inbound.event_id, interaction::v1::KIND_MESSAGE));
  interaction.set_workspace(inbox.workspace);
  interaction.set_channel(kChannel);
  interaction.set_channel_account(inbox.account);
  interaction.set_direction(interaction::v1::DIRECTION_INBOUND);
  interaction.set_kind(interaction::v1::KIND_MESSAGE);
  interaction.set_vendor_message_id(mail.message_id);
  *interaction.mutable_sender()->mutable_identifier() = ToProto(*sender);
  interaction.mutable_sender()->set_address(written);
  interaction.mutable_sender()->set_display_name(mail.from.name);
  if (mail.date) channels::SetProto(*mail.date, interaction.mutable_sent_at());
  channels::SetProto(received_at, interaction.mutable_received_at());
  interaction.set_subject(mail.subject);
  for (const std::string& anomaly : mail.anomalies) interaction.add_anomalies(anomaly);
  if (!has_from) interaction.add_anomalies("no readable From; the return path counts");
  interaction.set_automatic_reason(AutomaticReason(mail, envelope_sender, inbox.own_addresses));
  interaction.set_automatic(!interaction.automatic_reason().empty());
  AddThread(mail, inbox, interaction);
  AddAuthentication(mail, inbox, interaction);
  AddOthers(mail, inbox, interaction);
  AddParts(mail, inbound);
  return inbound;
}

}  // namespace trama::email
