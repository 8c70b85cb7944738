#include "services/channels/open/callback_sender.h"

#include <utility>

#include "services/channels/common/media_link.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/open_account.h"
#include "services/channels/open/send.h"
#include "services/channels/open/signature.h"
#include "services/kernel/strings.h"
#include "services/platform/http/url.h"

namespace trama::open_channel {

namespace {

using channels::SendOutcome;
using delivery::v1::Failure;

constexpr char kUserAgent[] = "Trama/1 (open)";

Failure::Reason ReasonOf(const absl::Status& refusal) {
  if (refusal.code() != absl::StatusCode::kInvalidArgument) return Failure::REASON_NOT_AUTHORISED;
  return refusal.message().find("text of") == absl::string_view::npos
             ? Failure::REASON_REJECTED_CONTENT
             : Failure::REASON_TOO_LONG;
}

SendOutcome RefusedFor(const absl::Status& refusal) {
  return Refused(ReasonOf(refusal), ToStd(refusal.message()));
}

}  // namespace

platform::HttpClientRequest CallbackSender::MakeRequest(
    platform::Url url, std::string body, const std::vector<std::string>& secrets,
    const outbound::v1::OutboundMessage& message, const channels::Attempt& attempt) const {
  platform::HttpClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.timeout = kCallMax;
  request.headers.Set("Content-Type", "application/json");
  request.headers.Set("Accept", "application/json");
  request.headers.Set("User-Agent", kUserAgent);
  request.headers.Set("Idempotency-Key", message.message_id());
  for (const auto& [name, value] :
       SignRequest(message.message_id(), body, secrets, wall_clock_.Now())) {
    request.headers.Set(name, value);
  }
  if (!attempt.traceparent.empty()) request.headers.Set("traceparent", attempt.traceparent);
  request.body = std::move(body);
  return request;
}

platform::Awaitable<SendOutcome> CallbackSender::Send(channels::OutboundPtr message,
                                                      channels::Attempt attempt) {
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(message->workspace(), message->channel_account());
  if (!account.has_value()) {
    co_return Refused(Failure::REASON_ACCOUNT_OFF, "the channel account is not configured");
  }
  const OpenAccountView view = ViewOf(*account);
  const absl::Status sendable = CheckSend(view, *message);
  if (!sendable.ok()) co_return RefusedFor(sendable);
  const absl::StatusOr<platform::Url> url = platform::ParseUrl(view.callback_url);
  if (!url.ok()) co_return RefusedFor(absl::FailedPreconditionError(url.status().message()));
  const absl::Status allowed = guard_.CheckUrl(*url);
  if (!allowed.ok()) co_return RefusedFor(allowed);
  const absl::StatusOr<std::vector<std::string>> secrets = SecretsOf(accounts_, *account);
  // A secret that appears while the message waits heals it.
  if (!secrets.ok()) co_return OutcomeOfSilence(ToStd(secrets.status().message()));

  const absl::StatusOr<std::vector<std::string>> files =
      channels::MediaUrls(*message, view.public_base_url, kFilePath, secrets->front(),
                          channels::FromProto(message->created_at()) + kFileLinkLife);
  if (!files.ok()) co_return RefusedFor(files.status());
  std::string body = BuildBody(view, *message, *files);
  platform::HttpClientRequest request =
      MakeRequest(*url, std::move(body), *secrets, *message, attempt);
  const platform::HttpOutcome answer = co_await http_.Send(std::move(request));
  if (answer.kind != platform::HttpOutcomeKind::kResponse) {
    // An address inside: the guard has refused it, and will again.
    if (answer.error.code() == absl::StatusCode::kPermissionDenied) {
      co_return RefusedFor(answer.error);
    }
    co_return OutcomeOfSilence(ToStd(answer.error.message()));
  }
  const absl::Duration retry_after =
      platform::RetryAfter(answer.response.headers, wall_clock_.Now())
          .value_or(absl::ZeroDuration());
  co_return OutcomeOfAnswer(answer.response.status, answer.response.body, retry_after,
                            message->message_id());
}

}  // namespace trama::open_channel
