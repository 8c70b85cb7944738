#include "services/channels/whatsapp/graph_sender.h"

#include <optional>
#include <utility>

#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/graph_client.h"
#include "services/channels/whatsapp/send.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::whatsapp {

namespace {

using channels::SendOutcome;
using delivery::v1::Failure;

// Nothing has left, and a person can heal it while the message waits.
SendOutcome NotReady(const absl::Status& why) {
  SendOutcome outcome = OutcomeOfSilence(/*request_left=*/false, ToStd(why.message()));
  outcome.failure.set_reason(Failure::REASON_NOT_AUTHORISED);
  return outcome;
}

}  // namespace

absl::Duration GraphSender::RetryAfter(const platform::HttpResponse& response) const {
  return platform::RetryAfter(response.headers, clock_.Now()).value_or(absl::ZeroDuration());
}

platform::Awaitable<GraphSender::LoadedFile> GraphSender::Load(std::string blob,
                                                               int64_t said_bytes) {
  const bool is_said = said_bytes > 0 && said_bytes < static_cast<int64_t>(kFileBytesMax);
  size_t bytes = is_said ? static_cast<size_t>(said_bytes) : kFileBytesMax;
  while (true) {
    LoadedFile file;
    file.room = co_await uploads_.Take(bytes, kUploadWaitMax);
    if (file.room == nullptr) {
      file.blob = absl::UnavailableError("too many files are on their way");
      co_return file;
    }
    file.blob = co_await archive_.Get(blob, bytes);
    // Whoever wrote the message may have said less than it is.
    if (!absl::IsResourceExhausted(file.blob.status()) || bytes == kFileBytesMax) co_return file;
    bytes = kFileBytesMax;
  }
}

platform::Awaitable<UploadOutcome> GraphSender::Upload(channels::OutboundPtr message,
                                                       WhatsAppAccountView account,
                                                       std::string token, std::string traceparent) {
  UploadOutcome outcome;
  const types::v1::Media* file = FileOf(*message);
  LoadedFile loaded = co_await Load(file->blob(), file->size_bytes());
  absl::StatusOr<platform::Blob>& blob = loaded.blob;
  if (!blob.ok() && blob.status().code() == absl::StatusCode::kUnavailable) {
    outcome.failed = OutcomeOfSilence(/*request_left=*/false, "the file cannot be read now");
    co_return outcome;
  }
  if (!blob.ok()) {
    outcome.failed = Refused(Failure::REASON_REJECTED_CONTENT, "the file is gone");
    co_return outcome;
  }
  const std::string type = file->content_type().empty() ? blob->content_type : file->content_type();
  VendorRequest upload =
      BuildUpload(account, file->file_name(), type, blob->bytes, HexSha256(message->message_id()));
  blob->bytes = std::string();  // They stand in the request: once is enough.
  const platform::HttpOutcome answer = co_await CallGraph(
      http_, std::move(upload), std::move(token), std::move(traceparent), kUploadMax);
  if (answer.kind != platform::HttpOutcomeKind::kResponse) {
    const std::string why = answer.error.ToString();
    outcome.failed = OutcomeOfSilence(/*request_left=*/false, why);
    co_return outcome;
  }
  outcome =
      OutcomeOfUpload(answer.response.status, answer.response.body, RetryAfter(answer.response));
  co_return outcome;
}

platform::Awaitable<SendOutcome> GraphSender::Send(channels::OutboundPtr message,
                                                   channels::Attempt attempt) {
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(message->workspace(), message->channel_account());
  if (!account.has_value()) {
    co_return Refused(Failure::REASON_ACCOUNT_OFF, "the channel account is not configured");
  }
  if (std::optional<Failure> failure = CheckSend(*message, clock_.Now()); failure.has_value()) {
    co_return Refused(*std::move(failure));
  }
  const WhatsAppAccountView view = ViewOf(*account);
  const absl::StatusOr<std::string> token = AccessTokenOf(accounts_, *account);
  if (!token.ok()) co_return NotReady(token.status());
  std::string media_id;
  if (FileOf(*message) != nullptr) {
    UploadOutcome uploaded = co_await Upload(message, view, *token, attempt.traceparent);
    if (uploaded.media_id.empty()) co_return uploaded.failed;
    media_id = std::move(uploaded.media_id);
  }
  VendorRequest request = BuildSend(view, *message, media_id);
  const platform::HttpOutcome answer =
      co_await CallGraph(http_, std::move(request), *token, attempt.traceparent, kCallMax);
  if (answer.kind != platform::HttpOutcomeKind::kResponse) {
    const std::string why = answer.error.ToString();
    co_return OutcomeOfSilence(answer.kind == platform::HttpOutcomeKind::kAmbiguous, why);
  }
  co_return OutcomeOfAnswer(answer.response.status, answer.response.body,
                            RetryAfter(answer.response));
}

}  // namespace trama::whatsapp
