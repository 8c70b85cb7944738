#include "services/channels/open/open.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "services/channels/common/channel_parts.h"
#include "services/channels/open/account.h"
#include "services/channels/open/callback_sender.h"
#include "services/channels/open/doors.h"
#include "services/channels/open/event_intake.h"
#include "services/channels/open/media_source.h"
#include "services/platform/http/ssrf_guard.h"

ABSL_FLAG(std::vector<std::string>, private_hosts, {},
          "Hosts that may be called and fetched from although they lie in a private network or "
          "speak http. Every other host must be public and speak https.");

namespace trama::open_channel {
namespace {

constexpr absl::Duration kDrainMax = absl::Seconds(10);
// An answer needs an id at most.
constexpr size_t kAnswerBytesMax = 64 * 1024;

// For everything that a stranger's address leads to.
platform::SsrfGuardOptions GuardOptions() {
  platform::SsrfGuardOptions options;
  options.trusted_hosts = absl::GetFlag(FLAGS_private_hosts);
  options.https_only = true;
  return options;
}

absl::Status AddMediaFetch(platform::Runtime& runtime, const channels::ChannelParts& parts) {
  auto fetcher = platform::MediaFetcher::Create(runtime.io(), GuardOptions(),
                                                channels::MediaLimitsFromFlags());
  if (!fetcher.ok()) return fetcher.status();
  auto& source = runtime.Own(std::make_unique<AttachmentSource>(runtime.Own(*std::move(fetcher))));
  channels::FetchMedia(runtime, parts, source);
  return absl::OkStatus();
}

absl::Status AddDelivery(platform::Runtime& runtime, const channels::ChannelParts& parts) {
  auto& guard = runtime.Own(std::make_unique<platform::SsrfGuard>(GuardOptions()));
  platform::HttpClientOptions calling;
  calling.total_timeout = CallbackSender::kCallMax;
  calling.body_bytes_max = kAnswerBytesMax;
  calling.connections_per_host_max = 64;
  // A request that came just when the connection was closed is made again all the same.
  calling.post_reuse_idle_max = absl::InfiniteDuration();
  calling.address_policy = guard.Policy();
  auto http = platform::HttpClient::Create(runtime.io(), std::move(calling));
  if (!http.ok()) return http.status();
  platform::HttpClient& client = runtime.Own(*std::move(http));
  auto& sender = runtime.Own(
      std::make_unique<CallbackSender>(*parts.accounts, client, guard, runtime.wall_clock()));
  channels::DeliverWith(
      runtime, parts, sender,
      {.drain_max = CallbackSender::kCallMax + absl::Seconds(1), .vendor_drops_repeats = true});
  return absl::OkStatus();
}

void AddDoors(platform::Runtime& runtime, const channels::ChannelParts& parts) {
  auto& seen =
      runtime.Own(std::make_unique<channels::SeenMemory>(parts.redis, kChannel, runtime.metrics()));
  auto& intake = runtime.Own(std::make_unique<EventIntake>(*parts.publisher, seen, *parts.archive));
  const Doors::Clocks clocks{.process = runtime.clock(), .wall = runtime.wall_clock()};
  auto& doors = runtime.Own(
      std::make_unique<Doors>(*parts.accounts, intake, *parts.archive, clocks, runtime.metrics()));
  channels::ServeDoors(
      runtime, [&doors](platform::HttpRouter& router) { doors.AddTo(router); }, kDrainMax);
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  const auto parts = channels::MakeChannelParts(runtime, kChannel);
  if (!parts.ok()) return parts.status();
  if (absl::Status added = AddMediaFetch(runtime, *parts); !added.ok()) return added;
  if (absl::Status added = AddDelivery(runtime, *parts); !added.ok()) return added;
  AddDoors(runtime, *parts);
  return absl::OkStatus();
}

}  // namespace trama::open_channel
