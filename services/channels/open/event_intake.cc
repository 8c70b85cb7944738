#include "services/channels/open/event_intake.h"

#include <utility>

#include "services/channels/common/raw_original.h"

namespace trama::open_channel {

namespace {

constexpr char kOriginalType[] = "application/json";

}  // namespace

platform::Awaitable<EventIntake::Result> EventIntake::Take(channels::ChannelAccount account,
                                                           std::vector<Event> events,
                                                           std::string traceparent) {
  Result result;
  result.status = archive_.CheckIdentity(account.workspace);
  if (!result.status.ok()) co_return result;
  std::vector<std::string> ids;
  for (const Event& event : events) ids.push_back(event.seen_id);
  const std::vector<std::string> keys = seen_.KeysOf(account.workspace, account.name, ids);
  result.seen = co_await seen_.SeenEach(keys);

  std::vector<std::string> written;
  std::vector<interaction::v1::Interaction> interactions;
  std::vector<channels::Receipt> receipts;
  for (size_t i = 0; i < events.size(); ++i) {
    if (result.seen[i]) continue;
    Event& event = events[i];
    written.push_back(keys[i]);
    if (event.receipt.has_value()) {
      receipts.push_back({account.partition, *std::move(event.receipt)});
      continue;
    }
    const bool is_held =
        channels::HoldOriginal(event.original, kOriginalType, {&*event.interaction, 1});
    if (!event.original.empty() && !is_held) {
      const absl::StatusOr<std::string> blob =
          co_await archive_.Put(account.workspace, event.interaction->sender().identifier(),
                                std::move(event.original), kOriginalType);
      if (!blob.ok()) {
        result.status = blob.status();
        co_return result;
      }
      event.interaction->set_raw_blob(*blob);
    }
    interactions.push_back(*std::move(event.interaction));
  }

  result.status = co_await publisher_.Publish(std::move(interactions), std::move(receipts),
                                              std::move(traceparent));
  if (result.status.ok()) seen_.Mark(written);
  co_return result;
}

}  // namespace trama::open_channel
