#include "services/channels/email/inbound.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/email/automatic.h"
#include "services/channels/email/bounces.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/identifier.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

using interaction::v1::Interaction;
using interaction::v1::ThreadEvidence;

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

// Without comments and quoted strings, which may hold what a stranger likes to be read: a local
// part such as "; dmarc=pass" is a valid one.
std::string WithoutQuotes(std::string_view text) {
  std::string bare;
  bool quoted = false;
  int comments = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && (quoted || comments > 0)) {
      ++i;
    } else if (c == '"' && comments == 0) {
      quoted = !quoted;
    } else if (c == '(' && !quoted) {
      ++comments;
    } else if (c == ')' && !quoted && comments > 0) {
      --comments;
    } else if (!quoted && comments == 0) {
      bare += c;
    }
  }
  return bare;
}

// "mx.demo.test; spf=pass smtp.mailfrom=…; dkim=pass …" of the server that we trust (RFC 8601).
void AddAuthentication(const ParsedMail& mail, const Inbox& inbox, Interaction& interaction) {
  if (inbox.trusted_authserv_id.empty()) return;
  auto& results = *interaction.mutable_authentication();
  for (const std::string& header : mail.authentication_results) {
    const std::string bare = WithoutQuotes(header);
    const std::vector<std::string> parts = absl::StrSplit(bare, ';');
    const std::vector<std::string> server =
        absl::StrSplit(parts.front(), absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
    if (server.empty() || !absl::EqualsIgnoreCase(server[0], inbox.trusted_authserv_id)) continue;
    for (size_t i = 1; i < parts.size(); ++i) {
      const absl::string_view result = absl::StripAsciiWhitespace(parts[i]);
      const size_t equals = result.find('=');
      if (equals == absl::string_view::npos) continue;
      const std::string method = absl::AsciiStrToLower(result.substr(0, equals));
      const absl::string_view value = result.substr(equals + 1);
      const std::string verdict =
          absl::AsciiStrToLower(value.substr(0, value.find_first_of(" \t\r\n")));
      // The first counts; of several signatures one that holds is enough (RFC 6376, 6.1).
      if (!results.contains(method) || (method == "dkim" && verdict == "pass")) {
        results[method] = verdict;
      }
    }
    break;  // Only the newest, on top, can be the server's own.
  }
  const auto dmarc = results.find("dmarc");
  interaction.mutable_sender()->set_verified(dmarc != results.end() && dmarc->second == "pass");
}

void AddOthers(const ParsedMail& mail, const Inbox& inbox, Interaction& interaction) {
  for (const Address& address : mail.to) {
    if (inbox.own_addresses.contains(absl::AsciiStrToLower(address.address))) continue;
    const absl::StatusOr<Identifier> identifier =
        NormaliseIdentifier("email", "", address.address, "");
    if (identifier.ok()) *interaction.add_other_recipients() = ToProto(*identifier);
  }
}

}  // namespace

absl::StatusOr<Inbound> ReadInbound(const ParsedMail& mail, std::string_view raw,
                                    const std::string& envelope_sender,
                                    const std::string& recipient, const Inbox& inbox,
                                    absl::Time received_at) {
  Inbound inbound;
  inbound.event_id = absl::StrCat(mail.message_id, " ", BodyHash(raw));
  if (auto bounces = ReadBounces(mail, envelope_sender, recipient, inbox, received_at)) {
    inbound.bounces = *std::move(bounces);
    return inbound;
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
