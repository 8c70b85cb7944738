#include "services/channels/email/bounces.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/email/automatic.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

constexpr size_t kQuotedIdsMax = 50;
constexpr char kUnnamedFailure[] = "5.0.0";  // RFC 3463: other or undefined status.

// Our mail with this Message-ID or envelope id.
std::optional<OutgoingIds> Ours(const Inbox& inbox, std::string_view token) {
  return ReadToken('m', inbox.token_secret, inbox.scope(), token);
}

// A Message-ID of ours anywhere in a text, as servers without reports quote it.
std::optional<OutgoingIds> QuotedIn(std::string_view text, const Inbox& inbox) {
  size_t tried = 0;
  for (size_t at = text.find('<'); at != std::string_view::npos && tried < kQuotedIdsMax;
       at = text.find('<', at + 1)) {
    const std::string_view after = text.substr(at + 1);
    if (after.size() <= kTokenBytes || after[kTokenBytes] != '@') continue;
    ++tried;
    if (auto ids = Ours(inbox, after.substr(0, kTokenBytes))) return ids;
  }
  return std::nullopt;
}

std::optional<OutgoingIds> ReportedIds(const ParsedMail& mail, const std::string& recipient,
                                       const Inbox& inbox) {
  if (auto ids = ReadToken('b', inbox.token_secret, inbox.scope(), LocalPart(recipient))) {
    return ids;
  }
  if (auto ids = Ours(inbox, mail.reported_envelope_id)) return ids;
  if (auto ids = Ours(inbox, LocalPart(mail.reported_message_id))) return ids;
  for (const Piece& piece : mail.pieces) {
    const std::string_view text = piece.kind == Piece::Kind::kFile ? piece.bytes : piece.text;
    if (auto ids = QuotedIn(text.substr(0, kReportedBytesMax), inbox)) return ids;
  }
  return std::nullopt;
}

// The first "5.1.1" or "4.4.7" of a text; empty when there is none. An IP address is none.
std::string StatusIn(std::string_view text) {
  const auto digits = [&](size_t from) {
    size_t end = from;
    while (end < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[end]))) ++end;
    return end - from;
  };
  const auto is_part_of_number = [&](size_t at) {
    return at < text.size() &&
           (text[at] == '.' || absl::ascii_isdigit(static_cast<unsigned char>(text[at])));
  };
  for (size_t at = text.find_first_of("45"); at != std::string_view::npos;
       at = text.find_first_of("45", at + 1)) {
    if (at > 0 && is_part_of_number(at - 1)) continue;
    if (digits(at) != 1 || at + 1 >= text.size() || text[at + 1] != '.') continue;
    const size_t subject = digits(at + 2);
    const size_t dot = at + 2 + subject;
    if (subject == 0 || subject > 3 || dot >= text.size() || text[dot] != '.') continue;
    const size_t detail = digits(dot + 1);
    const size_t end = dot + 1 + detail;
    // A dot behind it ends a sentence, or goes on as an address does.
    const bool goes_on = end + 1 < text.size() && text[end] == '.' && is_part_of_number(end + 1);
    if (detail == 0 || detail > 3 || goes_on) continue;
    return std::string(text.substr(at, end - at));
  }
  return "";
}

bool HasAny(std::string_view text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return absl::StrContains(ToAbsl(text), word); });
}

// A bounce that is no multipart/report: qmail (https://cr.yp.to/proto/qsbmf.txt), Exim
// (X-Failed-Recipients), Exchange and others by their subject. None for everything else, such as
// an absence notice, which comes to the return path as well.
std::optional<RecipientReport> ReadPlainBounce(const ParsedMail& mail,
                                               const std::string& envelope_sender) {
  if (!envelope_sender.empty() && !IsSystemSender(mail.from.address)) return std::nullopt;
  std::string text;
  for (const Piece& piece : mail.pieces) {
    if (piece.kind == Piece::Kind::kFile) continue;
    text = piece.text.substr(0, kReportedBytesMax);
    break;
  }
  const std::string subject = absl::AsciiStrToLower(mail.subject);
  const std::string lower = absl::AsciiStrToLower(text);
  const absl::string_view begin = absl::StripLeadingAsciiWhitespace(lower);
  const bool qmail = absl::StartsWith(begin, "hi. this is the ");
  const bool exim = mail.headers.contains("x-failed-recipients");
  const bool names_failure =
      HasAny(subject,
             {"undeliver", "delivery failure", "delivery failed", "failure notice", "returned mail",
              "delivery status notification", "returned to sender", "could not be delivered"}) ||
      HasAny(lower, {"did not reach some or all of the intended recipients"});
  const bool names_delay = HasAny(subject, {"delayed", "warning: message", "(delay)"}) ||
                           HasAny(lower, {"has not yet been delivered", "will be retried"});
  if (!qmail && !exim && !names_failure && !names_delay) return std::nullopt;
  RecipientReport report;
  report.status = StatusIn(text);
  const bool delayed = names_delay || (!qmail && !exim && absl::StartsWith(report.status, "4"));
  report.action = delayed ? "delayed" : "failed";
  if (report.status.empty()) report.status = kUnnamedFailure;
  return report;
}

delivery::v1::Failure FailureOf(const std::string& status) {
  using delivery::v1::Failure;
  Failure failure;
  failure.set_reason(Failure::REASON_BOUNCED);
  if (absl::StartsWith(status, "5.1.")) failure.set_reason(Failure::REASON_INVALID_RECIPIENT);
  if (absl::StartsWith(status, "5.7.")) failure.set_reason(Failure::REASON_NOT_AUTHORISED);
  if (status == "5.3.4" || status == "5.2.3") failure.set_reason(Failure::REASON_TOO_LONG);
  failure.set_vendor_code(status);
  failure.set_detail("the receiving server reported that it failed");
  failure.set_retryable(absl::StartsWith(status, "4"));  // Soft: the address may work again.
  return failure;
}

Bounce BounceOf(const OutgoingIds& ids, const Inbox& inbox, const std::string& word,
                const std::string& status, absl::Time received_at) {
  Bounce bounce;
  bounce.partition = ids.partition;
  delivery::v1::Delivery& delivery = bounce.delivery;
  delivery.set_event_id(
      channels::ReceiptId(kChannel, inbox.workspace, inbox.account, ids.message_id, word + status));
  delivery.set_workspace(inbox.workspace);
  delivery.set_message_id(ids.message_id);
  delivery.set_conversation_id(ids.conversation_id);
  delivery.set_channel(kChannel);
  delivery.set_channel_account(inbox.account);
  delivery.set_vendor_status(word);
  channels::SetProto(received_at, delivery.mutable_occurred_at());
  return bounce;
}

std::vector<Bounce> BouncesOf(const std::vector<RecipientReport>& reports, const OutgoingIds& ids,
                              const Inbox& inbox, absl::Time received_at) {
  std::vector<Bounce> bounces;
  for (const RecipientReport& report : reports) {
    const bool failed = report.action == "failed";
    if (!failed && report.action != "delivered") continue;  // Delays and relays end nothing.
    Bounce bounce = BounceOf(ids, inbox, report.action, report.status, received_at);
    bounce.delivery.set_status(failed ? delivery::v1::STATUS_FAILED
                                      : delivery::v1::STATUS_DELIVERED);
    if (failed) *bounce.delivery.mutable_failure() = FailureOf(report.status);
    bounces.push_back(std::move(bounce));
  }
  return bounces;
}

}  // namespace

std::optional<std::vector<Bounce>> ReadBounces(const ParsedMail& mail,
                                               const std::string& envelope_sender,
                                               const std::string& recipient, const Inbox& inbox,
                                               absl::Time received_at) {
  std::vector<RecipientReport> reports = mail.reports;
  const bool displayed = mail.disposition == "displayed";
  if (reports.empty() && !displayed) {
    const std::optional<RecipientReport> plain = ReadPlainBounce(mail, envelope_sender);
    if (!plain) return std::nullopt;
    reports.push_back(*plain);
  }
  const std::optional<OutgoingIds> ids = ReportedIds(mail, recipient, inbox);
  if (!ids) return std::nullopt;
  std::vector<Bounce> bounces = BouncesOf(reports, *ids, inbox, received_at);
  if (displayed) {
    Bounce& read = bounces.emplace_back(BounceOf(*ids, inbox, "displayed", "", received_at));
    read.delivery.set_status(delivery::v1::STATUS_READ);
  }
  return bounces;
}

}  // namespace trama::email
