#include "services/channels/open/send.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/event.h"
#include "services/kernel/text.h"

namespace trama::open_channel {

namespace {

using channels::SendOutcome;
using delivery::v1::Failure;
using outbound::v1::OutboundMessage;
using Json = nlohmann::ordered_json;

const char* AuthorWord(types::v1::Actor::Kind kind) {
  switch (kind) {
    case types::v1::Actor::KIND_AGENT:
    case types::v1::Actor::KIND_SUPERVISOR:
      return "agent";
    case types::v1::Actor::KIND_BOT:
      return "bot";
    default:
      return "system";
  }
}

std::string TextOf(const OutboundMessage& message) {
  std::string text;
  for (const types::v1::Part& part : message.parts()) {
    if (!part.has_text()) continue;
    if (!text.empty()) text.push_back('\n');
    text.append(part.text().body());
  }
  return text;
}

Json AttachmentsOf(const OutboundMessage& message, const std::vector<std::string>& file_urls) {
  Json attachments = Json::array();
  for (const types::v1::Part& part : message.parts()) {
    if (!part.has_media() || attachments.size() == file_urls.size()) continue;
    const types::v1::Media& media = part.media();
    Json file = {{"url", file_urls[attachments.size()]}, {"mime", media.content_type()}};
    if (media.size_bytes() > 0) file["size"] = media.size_bytes();
    if (!media.file_name().empty()) file["name"] = media.file_name();
    attachments.push_back(std::move(file));
  }
  return attachments;
}

// The id that the integrator has given, if his answer names one that can be used.
std::string ExternalIdOf(std::string_view body) {
  // Not Json: keys in order cost the square of their number, and this is a stranger's.
  const auto json =
      nlohmann::json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  const auto found = json.find("external_id");
  if (found == json.end() || !found->is_string()) return {};
  const auto& id = found->get_ref<const std::string&>();
  return IsExternalId(id) ? id : std::string();
}

// 409: the same request is being worked on (draft-ietf-httpapi-idempotency-key-header, 2.7).
bool IsRetryable(int http_status) {
  return http_status < 400 || http_status >= 500 || http_status == 408 || http_status == 409 ||
         http_status == 425 || http_status == 429;
}

Failure FailureOf(int http_status) {
  Failure failure;
  failure.set_vendor_code(absl::StrCat("http ", http_status));
  failure.set_detail(absl::StrCat("the integrator answered with HTTP status ", http_status));
  failure.set_retryable(IsRetryable(http_status));
  failure.set_reason(Failure::REASON_OTHER);
  if (http_status == 401 || http_status == 403) {
    failure.set_reason(Failure::REASON_NOT_AUTHORISED);
  } else if (http_status == 413) {
    failure.set_reason(Failure::REASON_TOO_LONG);
  } else if (http_status == 422) {
    failure.set_reason(Failure::REASON_REJECTED_CONTENT);
  } else if (http_status == 429) {
    failure.set_reason(Failure::REASON_RATE_LIMITED);
  } else if (http_status >= 500) {
    failure.set_reason(Failure::REASON_VENDOR_DOWN);
  }
  return failure;
}

}  // namespace

channels::ChannelCapability OpenCapability() {
  channels::ChannelCapability capability;
  capability.channel = kChannel;
  capability.version = 1;
  capability.text_code_points_max = kTextCodePointsMax;
  capability.media_count_max = kAttachmentsMax;
  capability.media_bytes_max = 25 << 20;
  capability.media_total_bytes_max = 100 << 20;
  capability.delivered_receipts = true;
  capability.read_receipts = true;
  return capability;
}

absl::Status CheckSend(const OpenAccountView& account, const OutboundMessage& message) {
  if (account.callback_url.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("channel account ", account.workspace, "/",
                                                      account.name,
                                                      " has no callback_url: it only takes in"));
  }
  if (message.parts().empty()) return absl::InvalidArgumentError("the message is empty");
  // The integrator gets all texts as one.
  if (const size_t length = CountCodePoints(TextOf(message)); length > kTextCodePointsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("parts: text of ", length, " characters, channel ", kChannel,
                     " carries at most ", kTextCodePointsMax, "; shorten or split it"));
  }
  return channels::CheckContent(OpenCapability(), message);
}

std::string BuildBody(const OpenAccountView& account, const OutboundMessage& message,
                      const std::vector<std::string>& file_urls) {
  const bool has_address = !message.recipient_address().empty();
  Json user = {{"id", has_address ? message.recipient_address() : message.recipient().value()}};
  if (!message.recipient_display_name().empty()) user["name"] = message.recipient_display_name();
  Json said = {{"id", message.message_id()}};
  if (std::string text = TextOf(message); !text.empty()) said["text"] = std::move(text);
  Json attachments = AttachmentsOf(message, file_urls);
  if (!attachments.empty()) said["attachments"] = std::move(attachments);
  if (!message.in_reply_to().empty()) said["reply_to"] = message.in_reply_to();
  const absl::Time created = channels::FromProto(message.created_at());
  const Json event = {
      {"type", "message"},
      {"id", message.message_id()},
      {"occurred_at", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", created, absl::UTCTimeZone())},
      {"workspace", account.workspace},
      {"account", account.name},
      {"conversation_id", message.conversation_id()},
      {"user", std::move(user)},
      {"message", std::move(said)},
      {"author", {{"kind", AuthorWord(message.author().kind())}}},
      {"automatic", message.automatic()}};
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

SendOutcome OutcomeOfAnswer(int http_status, std::string_view body, absl::Duration retry_after,
                            std::string_view message_id) {
  SendOutcome outcome;
  if (http_status >= 200 && http_status < 300) {
    outcome.kind = SendOutcome::Kind::kSent;
    outcome.vendor_message_id = ExternalIdOf(body);
    // By it an answer of the user can refer to the message.
    if (outcome.vendor_message_id.empty()) outcome.vendor_message_id = std::string(message_id);
    return outcome;
  }
  outcome.failure = FailureOf(http_status);
  outcome.kind = IsRetryable(http_status) ? SendOutcome::Kind::kRetry : SendOutcome::Kind::kFailed;
  outcome.retry_after = retry_after;
  outcome.account_wide = http_status == 429;
  return outcome;
}

SendOutcome OutcomeOfSilence(std::string_view why) {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kRetry;
  outcome.failure.set_reason(Failure::REASON_VENDOR_DOWN);
  outcome.failure.set_detail(std::string(why));
  outcome.failure.set_retryable(true);
  return outcome;
}

SendOutcome Refused(Failure::Reason reason, std::string_view detail) {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kFailed;
  outcome.failure.set_reason(reason);
  outcome.failure.set_detail(std::string(detail));
  return outcome;
}

}  // namespace trama::open_channel
