#include "services/channels/common/ingest.h"

#include <utility>

#include "services/platform/base/span.h"

namespace trama::channels {

platform::Awaitable<IngestResult> Ingest::Take(Arrival arrival) {
  // A mail comes without a trace: then one begins here.
  platform::Span span =
      platform::Span::StartAtBorder(platform::SpanKind::kInternal, "ingest", arrival.traceparent);
  IngestResult result;
  result.seen = co_await seen_.AllSeen(arrival.workspace, arrival.account, arrival.event_ids);
  if (result.seen) co_return result;

  if (!arrival.raw.empty() && !arrival.interactions.empty()) {
    absl::StatusOr<std::string> blob =
        co_await archive_.Put(arrival.workspace, arrival.interactions.front().sender().identifier(),
                              std::move(arrival.raw), std::move(arrival.raw_content_type));
    if (!blob.ok()) {
      result.status = blob.status();
      co_return result;
    }
    result.raw_blob = *blob;
    for (interaction::v1::Interaction& interaction : arrival.interactions) {
      interaction.set_raw_blob(*blob);
    }
  }

  result.status = co_await publisher_.Publish(std::move(arrival.interactions),
                                              std::move(arrival.receipts), span.traceparent());
  if (!result.status.ok()) span.Fail(absl::StatusCodeToString(result.status.code()));
  if (result.status.ok()) {
    co_await seen_.Mark(arrival.workspace, arrival.account, std::move(arrival.event_ids));
  }
  co_return result;
}

platform::Awaitable<absl::Status> Ingest::GiveUp(Unreadable unreadable) {
  co_return co_await publisher_.DeadLetter(std::move(unreadable));
}

}  // namespace trama::channels
