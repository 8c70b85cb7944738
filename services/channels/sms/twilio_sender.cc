#include "services/channels/sms/twilio_sender.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/common/media_link.h"
#include "services/channels/sms/find.h"
#include "services/channels/sms/twilio_account.h"
#include "services/channels/sms/vendor_errors.h"

namespace trama::sms {

namespace {

using channels::FindOutcome;
using channels::SendOutcome;
using delivery::v1::Failure;

constexpr char kUserAgent[] = "trama-sms";

// Nothing has left, and a person can heal it while the message waits.
SendOutcome NotReady(std::string_view why) {
  SendOutcome outcome = OutcomeOfSilence(/*request_left=*/false, why);
  outcome.failure.set_reason(Failure::REASON_NOT_AUTHORISED);
  return outcome;
}

}  // namespace

platform::Awaitable<platform::HttpOutcome> TwilioSender::Call(VendorRequest request,
                                                              SmsAccountView account,
                                                              std::string token,
                                                              std::string traceparent) {
  absl::StatusOr<platform::Url> url = platform::ParseUrl(request.url);
  if (!url.ok()) {
    platform::HttpOutcome outcome;
    outcome.error = url.status();
    co_return outcome;
  }
  platform::HttpClientRequest http;
  http.method = std::move(request.method);
  http.url = *std::move(url);
  http.body = std::move(request.body);
  http.timeout = kCallMax;
  http.headers.Set("Accept", "application/json");
  http.headers.Set("User-Agent", kUserAgent);
  http.headers.Set("Authorization", platform::BasicAuthorization(account.account_sid, token));
  if (!request.content_type.empty()) http.headers.Set("Content-Type", request.content_type);
  if (!traceparent.empty()) http.headers.Set("traceparent", traceparent);
  co_return co_await http_.Send(std::move(http));
}

platform::Awaitable<SendOutcome> TwilioSender::Send(channels::OutboundPtr message,
                                                    channels::Attempt attempt) {
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(message->workspace(), message->channel_account());
  if (!account.has_value()) {
    co_return Refused(Failure::REASON_ACCOUNT_OFF, "the channel account is not configured");
  }
  const SmsAccountView view = ViewOf(*account);
  const absl::StatusOr<std::string> token = CallToken(accounts_, *account);
  if (!token.ok())
    co_return NotReady(
        std::string_view(token.status().message().data(), token.status().message().size()));
  const bool opted_out = co_await opt_outs_.Has(view.workspace, view.name, message->recipient());
  if (opted_out) {
    co_return Refused(Failure::REASON_OPTED_OUT, "the recipient has opted out");
  }
  const absl::StatusOr<std::vector<std::string>> media = channels::MediaUrls(
      *message, view.public_base_url, kMediaPath, *token, clock_.Now() + kMediaLinkLife);
  if (!media.ok()) {
    co_return Refused(Failure::REASON_REJECTED_CONTENT, std::string(media.status().message()));
  }
  BuiltSend built = BuildSend(view, *message, *media);
  if (!built.ok) {
    SendOutcome refused;
    refused.kind = SendOutcome::Kind::kFailed;
    refused.failure = std::move(built.failure);
    co_return refused;
  }

  const platform::HttpOutcome answer =
      co_await Call(std::move(built.request), view, *token, attempt.traceparent);
  if (answer.kind != platform::HttpOutcomeKind::kResponse) {
    co_return OutcomeOfSilence(answer.kind == platform::HttpOutcomeKind::kAmbiguous,
                               answer.error.ToString());
  }
  const absl::Duration retry_after =
      platform::RetryAfter(answer.response.headers, clock_.Now()).value_or(absl::ZeroDuration());
  SendOutcome outcome =
      OutcomeOfAnswer(answer.response.status, answer.response.body, retry_after, built.segments);
  if (outcome.failure.reason() == Failure::REASON_OPTED_OUT) {
    co_await opt_outs_.Set(view.workspace, view.name, message->recipient(), true);
  }
  co_return outcome;
}

platform::Awaitable<FindOutcome> TwilioSender::Find(
    channels::OutboundPtr message, channels::Attempt attempt,
    std::shared_ptr<const std::set<std::string>> taken) {
  FindOutcome outcome;
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(message->workspace(), message->channel_account());
  if (!account.has_value()) co_return outcome;
  const SmsAccountView view = ViewOf(*account);
  const absl::StatusOr<std::string> token = CallToken(accounts_, *account);
  if (!token.ok()) co_return outcome;
  const platform::HttpOutcome answer =
      co_await Call(BuildFind(view, *message), view, *token, attempt.traceparent);
  if (answer.kind != platform::HttpOutcomeKind::kResponse) {
    outcome.kind = FindOutcome::Kind::kTryLater;
    co_return outcome;
  }
  co_return OutcomeOfFind(answer.response.status, answer.response.body, *message,
                          attempt.started_at, *taken);
}

}  // namespace trama::sms
