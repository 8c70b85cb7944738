#include "services/channels/sms/sms.h"

#include <memory>
#include <utility>

#include "services/channels/common/channel_parts.h"
#include "services/channels/common/ingest.h"
#include "services/channels/sms/account.h"
#include "services/channels/sms/doors.h"
#include "services/channels/sms/media_fetchers.h"
#include "services/channels/sms/twilio_account.h"
#include "services/channels/sms/twilio_sender.h"

namespace trama::sms {
namespace {

constexpr absl::Duration kDrainMax = absl::Seconds(5);
// A door has 2.5 s in all; Redis may take 0.2 s before and after.
constexpr absl::Duration kPublishMax = absl::Milliseconds(1800);

absl::Status AddDelivery(platform::Runtime& runtime, const channels::ChannelParts& parts,
                         OptOuts& opt_outs) {
  platform::HttpClientOptions calling;
  calling.total_timeout = TwilioSender::kCallMax;
  calling.connections_per_host_max = 64;
  auto http = platform::HttpClient::Create(runtime.io(), std::move(calling));
  if (!http.ok()) return http.status();
  platform::HttpClient& client = runtime.Own(*std::move(http));
  auto& sender = runtime.Own(
      std::make_unique<TwilioSender>(*parts.accounts, opt_outs, client, runtime.clock()));
  channels::DeliverWith(
      runtime, parts, sender,
      {.drain_max = TwilioSender::kCallMax + absl::Seconds(1), .receipt_wait = AmbiguityWait});
  return absl::OkStatus();
}

void AddDoors(platform::Runtime& runtime, const channels::ChannelParts& parts, OptOuts& opt_outs) {
  auto& seen =
      runtime.Own(std::make_unique<channels::SeenMemory>(parts.redis, kChannel, runtime.metrics()));
  auto& ingest =
      runtime.Own(std::make_unique<channels::Ingest>(*parts.publisher, seen, *parts.archive));
  auto& host = runtime.Own(std::make_unique<channels::WebhookHost>(
      kChannel, ingest, runtime.clock(), runtime.metrics()));
  auto& doors = runtime.Own(
      std::make_unique<Doors>(*parts.accounts, host, *parts.archive, opt_outs, runtime.clock()));
  channels::ServeDoors(
      runtime, [&doors](platform::HttpRouter& router) { doors.AddTo(router); }, kDrainMax);
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  channels::PublisherOptions publishing;
  publishing.wait_max = kPublishMax;
  const auto parts = channels::MakeChannelParts(runtime, kChannel, std::move(publishing));
  if (!parts.ok()) return parts.status();
  auto& opt_outs = runtime.Own(std::make_unique<OptOuts>(parts->redis, *parts->accounts));
  auto& fetchers = runtime.Own(std::make_unique<MediaFetchers>(runtime.io(), *parts->accounts,
                                                               channels::MediaLimitsFromFlags()));
  channels::FetchMedia(runtime, *parts, fetchers);
  if (absl::Status added = AddDelivery(runtime, *parts, opt_outs); !added.ok()) return added;
  AddDoors(runtime, *parts, opt_outs);
  return absl::OkStatus();
}

}  // namespace trama::sms
