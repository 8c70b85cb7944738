#include "services/channels/sms/find.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/kernel/moment.h"

namespace trama::sms {

namespace {

using channels::FindOutcome;

// The vendor's clock and ours may differ so much; it writes whole seconds.
constexpr absl::Duration kClockSkewMax = absl::Seconds(30);

std::string Text(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// RFC 2822, "Mon, 23 Nov 2026 06:15:00 +0000".
std::optional<absl::Time> DateCreated(const nlohmann::json& message) {
  absl::Time time;
  const std::string text = Text(message, "date_created");
  if (!ParseMoment("%a, %d %b %Y %H:%M:%S %z", text, &time)) return std::nullopt;
  return time;
}

}  // namespace

VendorRequest BuildFind(const SmsAccountView& account,
                        const outbound::v1::OutboundMessage& message) {
  VendorRequest request;
  request.method = "GET";
  request.url = absl::StrCat(account.api_base_url, "/2010-04-01/Accounts/",
                             PercentEncode(account.account_sid), "/Messages.json?",
                             EncodeForm({{"To", message.recipient_address()},
                                         {"PageSize", std::to_string(kFindPageSize)}}));
  return request;
}

FindOutcome OutcomeOfFind(int http_status, std::string_view body,
                          const outbound::v1::OutboundMessage& message,
                          absl::Time attempt_started_at, const std::set<std::string>& taken) {
  FindOutcome outcome;
  if (http_status == 429 || http_status >= 500) {
    outcome.kind = FindOutcome::Kind::kTryLater;
    return outcome;
  }
  const nlohmann::json json = nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
  if (http_status != 200 || !json.is_object() || !json.contains("messages") ||
      !json["messages"].is_array()) {
    return outcome;
  }
  const std::string text = TextOf(message);
  bool reaches_back = json["messages"].size() < kFindPageSize;
  bool doubtful = json.value("page_size", nlohmann::json()) != kFindPageSize;
  for (const nlohmann::json& listed : json["messages"]) {
    if (!listed.is_object()) return outcome;
    const std::optional<absl::Time> created = DateCreated(listed);
    if (!created.has_value()) return outcome;
    if (*created < attempt_started_at - kClockSkewMax) {
      reaches_back = true;
      continue;
    }
    const std::string sid = Text(listed, "sid");
    const bool outbound = absl::StartsWith(Text(listed, "direction"), "outbound");
    if (!outbound || taken.contains(sid)) continue;
    if (Text(listed, "to") != message.recipient_address() || Text(listed, "body") != text ||
        !IsSid(sid)) {
      doubtful = true;
      continue;
    }
    outcome.kind = FindOutcome::Kind::kFound;
    outcome.sent.kind = channels::SendOutcome::Kind::kSent;
    outcome.sent.vendor_message_id = sid;
    const std::string status = Text(listed, "status");
    if (IsSid(status)) outcome.sent.vendor_status = status;
    return outcome;
  }
  if (reaches_back && !doubtful) outcome.kind = FindOutcome::Kind::kNotFound;
  return outcome;
}

}  // namespace trama::sms
