#include "services/channels/whatsapp/whatsapp.h"

#include <memory>
#include <utility>

#include "services/channels/common/channel_parts.h"
#include "services/channels/common/ingest.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/doors.h"
#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/graph_sender.h"
#include "services/channels/whatsapp/media_source.h"

namespace trama::whatsapp {
namespace {

constexpr absl::Duration kDrainMax = absl::Seconds(5);
// A door has 2.5 s in all; Redis may take 0.2 s before and after.
constexpr absl::Duration kPublishMax = absl::Milliseconds(1800);

void AddDoors(platform::Runtime& runtime, const channels::ChannelParts& parts) {
  auto& seen =
      runtime.Own(std::make_unique<channels::SeenMemory>(parts.redis, kChannel, runtime.metrics()));
  auto& ingest =
      runtime.Own(std::make_unique<channels::Ingest>(*parts.publisher, seen, *parts.archive));
  auto& host = runtime.Own(std::make_unique<channels::WebhookHost>(
      kChannel, ingest, runtime.clock(), runtime.metrics()));
  auto& doors = runtime.Own(std::make_unique<Doors>(*parts.accounts, host));
  channels::ServeDoors(
      runtime, [&doors](platform::HttpRouter& router) { doors.AddTo(router); }, kDrainMax);
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  channels::PublisherOptions publishing;
  publishing.wait_max = kPublishMax;
  const auto parts = channels::MakeChannelParts(runtime, kChannel, std::move(publishing));
  if (!parts.ok()) return parts.status();
  platform::HttpClientOptions calling;
  calling.total_timeout = GraphSender::kCallMax;
  calling.connections_per_host_max = 64;
  auto made = platform::HttpClient::Create(runtime.io(), std::move(calling));
  if (!made.ok()) return made.status();
  platform::HttpClient& http = runtime.Own(*std::move(made));

  auto& media = runtime.Own(std::make_unique<WhatsAppMedia>(runtime.io(), *parts->accounts, http,
                                                            channels::MediaLimitsFromFlags()));
  channels::FetchMedia(runtime, *parts, media);
  auto& sender = runtime.Own(
      std::make_unique<GraphSender>(*parts->accounts, *parts->archive, http, runtime.clock()));
  channels::DeliverWith(runtime, *parts, sender,
                        {.drain_max = GraphSender::kUploadWaitMax + GraphSender::kUploadMax +
                                      GraphSender::kCallMax + absl::Seconds(1),
                         .receipt_wait = AmbiguityWait});
  AddDoors(runtime, *parts);
  return absl::OkStatus();
}

}  // namespace trama::whatsapp
