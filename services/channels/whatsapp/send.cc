#include "services/channels/whatsapp/send.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/send_content.h"
#include "services/channels/whatsapp/status.h"
#include "services/channels/whatsapp/vendor_errors.h"
#include "services/kernel/text.h"

namespace trama::whatsapp {

namespace {

using channels::SendOutcome;
using delivery::v1::Failure;
using outbound::v1::OutboundMessage;

constexpr size_t kCaptionMaxCharacters = 1024;
constexpr int64_t kFileBytesMax = 100 << 20;

Failure MakeFailure(Failure::Reason reason, std::string detail) {
  Failure failure;
  failure.set_reason(reason);
  failure.set_detail(std::move(detail));
  return failure;
}

const types::v1::Template* TemplateOf(const OutboundMessage& message) {
  for (const types::v1::Part& part : message.parts()) {
    if (part.has_template_()) return &part.template_();
  }
  return nullptr;
}

const types::v1::Interactive* InteractiveOf(const OutboundMessage& message) {
  for (const types::v1::Part& part : message.parts()) {
    if (part.has_interactive()) return &part.interactive();
  }
  return nullptr;
}

// The text parts, one per line.
std::string JoinedText(const OutboundMessage& message) {
  std::string text;
  for (const types::v1::Part& part : message.parts()) {
    if (!part.has_text()) continue;
    if (!text.empty()) text.push_back('\n');
    text.append(part.text().body());
  }
  return text;
}

// "to" takes a telephone number, "recipient" the vendor's id of a user; both at once would be the
// number's. Empty fields: nobody.
struct Recipient {
  const char* field = "to";
  std::string value;
};

Recipient RecipientOf(const OutboundMessage& message) {
  std::string address = message.recipient_address();
  if (address.empty()) address = message.recipient().value();
  if (IsUserId(address)) return {"recipient", address};
  if (absl::StartsWith(address, "+")) address.erase(0, 1);
  return {"to", IsWaId(address) ? address : ""};
}

absl::Status CheckFile(const types::v1::Media& media, const std::string& caption) {
  if (media.blob().empty()) {
    return absl::InvalidArgumentError("a file of the message is not in the blob store");
  }
  const std::string word = MediaWordOf(media);
  if (!caption.empty() && (word == "audio" || word == "sticker")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "parts: whatsapp carries no text with a file of type ", word, "; send them apart"));
  }
  const size_t length = CountCodePoints(caption);
  if (length > kCaptionMaxCharacters) {
    return absl::InvalidArgumentError(absl::StrCat(
        "parts: text of ", length, " characters with a file, whatsapp carries at most ",
        kCaptionMaxCharacters, "; send them apart"));
  }
  return absl::OkStatus();
}

absl::Status CheckParts(const OutboundMessage& message) {
  if (message.parts().empty()) return absl::InvalidArgumentError("the message is empty");
  if (absl::Status content = channels::CheckContent(WhatsAppCapability(), message); !content.ok()) {
    return content;
  }
  if (const types::v1::Template* given = TemplateOf(message)) {
    if (given->has_header_media() && given->header_media().blob().empty()) {
      return absl::InvalidArgumentError("the template's file is not in the blob store");
    }
    return CheckTemplate(*given);
  }
  if (const types::v1::Interactive* given = InteractiveOf(message)) return CheckInteractive(*given);
  const types::v1::Media* file = FileOf(message);
  return file == nullptr ? absl::OkStatus() : CheckFile(*file, JoinedText(message));
}

Failure::Reason ReasonOfContent(const absl::Status& status) {
  return absl::StrContains(status.message(), "text of") ? Failure::REASON_TOO_LONG
                                                        : Failure::REASON_REJECTED_CONTENT;
}

void AddContent(const OutboundMessage& message, const std::string& media_id, Json& body) {
  if (const types::v1::Template* given = TemplateOf(message)) {
    body["type"] = "template";
    body["template"] = TemplateJson(*given, media_id);
    return;
  }
  if (const types::v1::Interactive* given = InteractiveOf(message)) {
    body["type"] = "interactive";
    body["interactive"] = InteractiveJson(*given);
    return;
  }
  const std::string text = JoinedText(message);
  const types::v1::Media* file = FileOf(message);
  if (file == nullptr) {
    body["type"] = "text";
    body["text"] = {{"body", text}, {"preview_url", false}};
    return;
  }
  const std::string word = MediaWordOf(*file);
  Json media = {{"id", media_id}};
  if (!text.empty()) media["caption"] = text;
  if (word == "document" && !file->file_name().empty()) media["filename"] = file->file_name();
  body["type"] = word;
  body[word] = std::move(media);
}

// Fields of the vendor's JSON; other types than expected count as absent.
struct Answer {
  std::string id;
  std::string status;
  std::optional<int> code;
};

Answer ReadAnswer(std::string_view body) {
  Answer answer;
  const std::optional<Json> json = ParseJson(body);
  if (!json.has_value()) return answer;
  for (const Json& message : ArrayOf(*json, "messages")) {
    if (!answer.id.empty()) break;
    answer.id = TextOf(message, "id");
    answer.status = TextOf(message, "message_status");
  }
  if (!IsMessageId(answer.id)) answer.id.clear();
  if (!IsMessageId(answer.status)) answer.status.clear();
  answer.code = CodeOf(ObjectOf(*json, "error"));
  return answer;
}

Failure FailureOfHttp(int http_status, std::optional<int> code) {
  if (code.has_value()) return FailureOfCode(*code);
  Failure failure = MakeFailure(Failure::REASON_OTHER,
                                absl::StrCat("the vendor answered with HTTP status ", http_status));
  failure.set_vendor_code(absl::StrCat("http ", http_status));
  if (http_status == 401 || http_status == 403) {
    failure.set_reason(Failure::REASON_NOT_AUTHORISED);
  } else if (http_status == 429) {
    failure.set_reason(Failure::REASON_RATE_LIMITED);
  } else if (http_status >= 500) {
    failure.set_reason(Failure::REASON_VENDOR_DOWN);
  }
  failure.set_retryable(http_status == 429 || http_status >= 500);
  return failure;
}

SendOutcome::Kind KindOf(int http_status, std::optional<int> code) {
  if (http_status == 429 || http_status == 408) return SendOutcome::Kind::kRetry;
  if (code.has_value() && http_status >= 400) {
    if (IsRetryableCode(*code) && (IsCertainCode(*code) || http_status < 500)) {
      return SendOutcome::Kind::kRetry;
    }
    // The vendor says what is wrong with the message: it did not send it, whatever the status.
    if (IsCertainCode(*code) && !IsRetryableCode(*code)) return SendOutcome::Kind::kFailed;
  }
  // 2xx without a message id is no answer of the vendor's: something in between has spoken.
  const bool is_refusal = http_status >= 300 && http_status < 500;
  return is_refusal ? SendOutcome::Kind::kFailed : SendOutcome::Kind::kAmbiguous;
}

}  // namespace

channels::ChannelCapability WhatsAppCapability() {
  channels::ChannelCapability capability;
  capability.channel = kChannel;
  capability.version = 1;
  capability.text_code_points_max = 4096;
  // One message of the vendor's is one file or one text.
  capability.media_count_max = 1;
  capability.media_bytes_max = kFileBytesMax;
  capability.media_total_bytes_max = kFileBytesMax;
  capability.session_window = absl::Hours(24);
  capability.templates = true;
  capability.interactive = true;
  capability.delivered_receipts = true;
  capability.read_receipts = true;
  return capability;
}

const types::v1::Media* FileOf(const OutboundMessage& message) {
  for (const types::v1::Part& part : message.parts()) {
    if (part.has_media()) return &part.media();
    if (part.has_template_() && part.template_().has_header_media()) {
      return &part.template_().header_media();
    }
  }
  return nullptr;
}

std::optional<Failure> CheckSend(const OutboundMessage& message, absl::Time now) {
  if (RecipientOf(message).value.empty()) {
    return MakeFailure(Failure::REASON_INVALID_RECIPIENT,
                       "the recipient is neither a telephone number nor a user id of whatsapp");
  }
  if (absl::Status parts = CheckParts(message); !parts.ok()) {
    return MakeFailure(ReasonOfContent(parts), std::string(parts.message()));
  }
  const bool is_over = message.has_session_window_until() &&
                       now >= channels::FromProto(message.session_window_until());
  if (is_over && TemplateOf(message) == nullptr) {
    return MakeFailure(Failure::REASON_WINDOW_CLOSED,
                       "the customer's last message is too long ago; send a template");
  }
  return std::nullopt;
}

VendorRequest BuildSend(const WhatsAppAccountView& account, const OutboundMessage& message,
                        const std::string& media_id) {
  const Recipient recipient = RecipientOf(message);
  Json body = {{"messaging_product", "whatsapp"}, {"recipient_type", "individual"}};
  body[recipient.field] = recipient.value;
  AddContent(message, media_id, body);
  body["biz_opaque_callback_data"] = CallbackData(message);
  VendorRequest request;
  request.method = "POST";
  request.url = absl::StrCat(account.api, "/", account.phone_number_id, "/messages");
  request.content_type = "application/json";
  // What is no UTF-8 in a text of ours becomes U+FFFD instead of an exception.
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return request;
}

SendOutcome OutcomeOfAnswer(int http_status, std::string_view body, absl::Duration retry_after) {
  const Answer answer = ReadAnswer(body);
  SendOutcome outcome;
  if (http_status >= 200 && http_status < 300 && !answer.id.empty()) {
    outcome.kind = SendOutcome::Kind::kSent;
    outcome.vendor_message_id = answer.id;
    outcome.vendor_status = answer.status;
    return outcome;
  }
  outcome.kind = KindOf(http_status, answer.code);
  outcome.failure = FailureOfHttp(http_status, answer.code);
  const int code = answer.code.value_or(-1);
  outcome.retry_after = std::max(retry_after, WaitOfCode(code));
  // A limit that binds one recipient does not hold up the others.
  outcome.account_wide = outcome.kind == SendOutcome::Kind::kRetry &&
                         (answer.code.has_value() ? IsAccountWideCode(code) : http_status == 429);
  return outcome;
}

SendOutcome OutcomeOfSilence(bool request_left, std::string_view why) {
  SendOutcome outcome;
  outcome.kind = request_left ? SendOutcome::Kind::kAmbiguous : SendOutcome::Kind::kRetry;
  outcome.failure = MakeFailure(Failure::REASON_VENDOR_DOWN, std::string(why));
  outcome.failure.set_retryable(true);
  return outcome;
}

SendOutcome Refused(Failure failure) {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kFailed;
  outcome.failure = std::move(failure);
  return outcome;
}

SendOutcome Refused(Failure::Reason reason, std::string detail) {
  return Refused(MakeFailure(reason, std::move(detail)));
}

}  // namespace trama::whatsapp
