#include "services/channels/sms/send.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/channels/sms/segments.h"
#include "services/channels/sms/status.h"
#include "services/channels/sms/vendor_errors.h"
#include "services/kernel/strings.h"

namespace trama::sms {

namespace {

using channels::SendOutcome;
using delivery::v1::Failure;
using outbound::v1::OutboundMessage;

Failure MakeFailure(Failure::Reason reason, std::string detail) {
  Failure failure;
  failure.set_reason(reason);
  failure.set_detail(std::move(detail));
  return failure;
}

Failure::Reason ReasonOfContent(const absl::Status& status) {
  return status.message().find("text of") == absl::string_view::npos
             ? Failure::REASON_REJECTED_CONTENT
             : Failure::REASON_TOO_LONG;
}

// What can be known to fail without asking the vendor.
bool Check(const SmsAccountView& account, const OutboundMessage& message, Failure& failure) {
  if (message.recipient().kind() == types::v1::IDENTIFIER_KIND_SMS_SENDER ||
      message.recipient_address().empty()) {
    failure = MakeFailure(Failure::REASON_INVALID_RECIPIENT,
                          "the recipient is a sender name or short code, which takes no messages");
    return false;
  }
  if (account.numbers.empty() && account.messaging_service_sid.empty()) {
    failure = MakeFailure(Failure::REASON_NOT_AUTHORISED,
                          absl::StrCat("channel account ", account.workspace, "/", account.name,
                                       " has neither numbers nor messaging_service_sid"));
    return false;
  }
  if (absl::Status content = channels::CheckContent(SmsCapability(), message); !content.ok()) {
    failure = MakeFailure(ReasonOfContent(content), std::string(content.message()));
    return false;
  }
  if (message.parts().empty()) {
    failure = MakeFailure(Failure::REASON_REJECTED_CONTENT, "the message is empty");
    return false;
  }
  return true;
}

// Fields of the vendor's JSON; other types than expected count as absent.
struct Answer {
  std::string sid;
  std::string status;
  int code = 0;        // Of an error answer.
  int error_code = 0;  // Of a message that was taken and has failed.
  int32_t segments = 0;
};

Answer ReadAnswer(std::string_view body) {
  Answer answer;
  const nlohmann::json json = nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
  if (!json.is_object()) return answer;
  const auto text = [&](const char* name) {
    const auto it = json.find(name);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  // 0 also for one that no int can hold.
  const auto number = [&](const char* name) {
    const auto it = json.find(name);
    const bool is_number = it != json.end() && it->is_number_integer();
    int value = 0;
    return absl::SimpleAtoi(is_number ? it->dump() : text(name), &value) ? value : 0;
  };
  answer.sid = IsSid(text("sid")) ? text("sid") : "";
  answer.status = IsSid(text("status")) ? text("status") : "";
  answer.code = number("code");
  answer.error_code = number("error_code");
  answer.segments = number("num_segments");
  return answer;
}

SendOutcome OutcomeOfMessage(const Answer& answer, int32_t segments) {
  SendOutcome outcome;
  outcome.vendor_message_id = answer.sid;
  outcome.vendor_status = answer.status;
  outcome.segments = answer.segments > 0 ? answer.segments : segments;
  outcome.kind = SendOutcome::Kind::kSent;
  if (answer.status == "failed" || answer.status == "undelivered") {
    outcome.kind = SendOutcome::Kind::kFailed;
    outcome.failure = FailureOfCode(answer.error_code);
  }
  return outcome;
}

Failure FailureOfHttp(int http_status, int code) {
  if (code > 0) return FailureOfCode(code);
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

}  // namespace

channels::ChannelCapability SmsCapability() {
  channels::ChannelCapability capability;
  capability.channel = kChannel;
  capability.version = 1;
  capability.text_code_points_max = 1600;
  capability.media_count_max = 10;
  capability.media_bytes_max = 5 << 20;
  capability.media_total_bytes_max = 5 << 20;
  capability.media_types = {"image/*",    "audio/*",         "video/*",
                            "text/vcard", "application/pdf", "text/calendar"};
  capability.delivered_receipts = true;
  return capability;
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

std::string StatusCallbackUrl(const SmsAccountView& account, const OutboundMessage& message) {
  return absl::StrCat(
      account.public_base_url, "/sms/", PercentEncode(account.workspace), "/",
      PercentEncode(account.name), "/status?",
      CallbackQuery({message.message_id(), message.conversation_id(), message.partition()}),
      "#rc=5&rp=all");
}

BuiltSend BuildSend(const SmsAccountView& account, const OutboundMessage& message,
                    const std::vector<std::string>& media_urls) {
  BuiltSend built;
  if (!Check(account, message, built.failure)) return built;
  const std::string text = TextOf(message);
  Params form = {{"To", message.recipient_address()}};
  if (account.messaging_service_sid.empty()) {
    form.emplace_back("From", account.numbers.front());
  } else {
    form.emplace_back("MessagingServiceSid", account.messaging_service_sid);
  }
  if (!text.empty()) form.emplace_back("Body", text);
  for (const std::string& url : media_urls) form.emplace_back("MediaUrl", url);
  if (!account.public_base_url.empty()) {
    form.emplace_back("StatusCallback", StatusCallbackUrl(account, message));
  }
  built.ok = true;
  built.segments = media_urls.empty() ? CountSegments(text).segments : 1;
  built.request.method = "POST";
  built.request.url = absl::StrCat(account.api_base_url, "/2010-04-01/Accounts/",
                                   PercentEncode(account.account_sid), "/Messages.json");
  built.request.content_type = "application/x-www-form-urlencoded";
  built.request.body = EncodeForm(form);
  return built;
}

SendOutcome OutcomeOfAnswer(int http_status, std::string_view body, absl::Duration retry_after,
                            int32_t segments) {
  const Answer answer = ReadAnswer(body);
  if (http_status >= 200 && http_status < 300 && !answer.sid.empty()) {
    return OutcomeOfMessage(answer, segments);
  }
  SendOutcome outcome;
  outcome.failure = FailureOfHttp(http_status, answer.code);
  outcome.retry_after = retry_after;
  const bool limited = http_status == 429 || answer.code == kTooManyRequestsCode;
  if (limited || http_status == 408 || http_status == 503 ||
      (http_status >= 400 && IsRetryableCode(answer.code))) {
    // Twilio promises that what it refused with 429 was not processed; 503 and 408 (our request did
    // not arrive whole) come from in front of it.
    outcome.kind = SendOutcome::Kind::kRetry;
    outcome.account_wide = limited;
  } else if (http_status >= 500 || http_status < 300) {
    // 2xx without a message id is no answer of Twilio's: something in between has spoken.
    outcome.kind = SendOutcome::Kind::kAmbiguous;
  } else {
    outcome.kind = SendOutcome::Kind::kFailed;
  }
  return outcome;
}

SendOutcome OutcomeOfSilence(bool request_left, std::string_view why) {
  SendOutcome outcome;
  outcome.kind = request_left ? SendOutcome::Kind::kAmbiguous : SendOutcome::Kind::kRetry;
  outcome.failure = MakeFailure(Failure::REASON_VENDOR_DOWN, std::string(why));
  outcome.failure.set_retryable(true);
  return outcome;
}

SendOutcome Refused(Failure::Reason reason, std::string detail) {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kFailed;
  outcome.failure = MakeFailure(reason, std::move(detail));
  return outcome;
}

}  // namespace trama::sms
