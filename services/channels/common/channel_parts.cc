#include "services/channels/common/channel_parts.h"

#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/media_fetch.h"
#include "services/platform/base/server_address.h"
#include "services/platform/blob/blob_store.h"
#include "services/platform/http/http_flags.h"
#include "services/platform/http/http_server.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/parts/parts.h"
#include "services/platform/service/http_metrics.h"

ABSL_FLAG(std::string, http_listen, "127.0.0.1:0",
          "Where requests from outside arrive (host:port); port 0 picks a free one.");
ABSL_FLAG(int32_t, media_bytes_max, 25 << 20, "Largest file that is fetched for a message.");
ABSL_FLAG(int32_t, delivery_in_flight_max, 256,
          "Attempts to send that may be under way at once, per partition number.");

namespace trama::channels {
namespace {

constexpr int kInFlightMax = 10'000;

absl::Status MakeClients(platform::Runtime& runtime, ChannelParts& parts,
                         platform::Producer** producer) {
  const auto config = platform::AddConfig(runtime, parts.kafka);
  if (!config.ok()) return config.status();
  parts.config = *config;
  platform::ProducerOptions producing;
  producing.awaited = true;
  producing.io = &runtime.io();
  const auto made = platform::AddProducer(runtime, parts.kafka, std::move(producing));
  if (!made.ok()) return made.status();
  *producer = *made;
  const auto redis = platform::AddRedis(runtime);
  if (!redis.ok()) return redis.status();
  parts.redis = *redis;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChannelParts> MakeChannelParts(platform::Runtime& runtime,
                                              const std::string& channel,
                                              PublisherOptions publishing) {
  auto kafka = platform::LogInToKafka(channel);
  if (!kafka.ok()) return kafka.status();
  if (absl::Status added = platform::AddTopicsCheck(runtime, *kafka, channel); !added.ok())
    return added;
  ChannelParts parts;
  parts.channel = channel;
  parts.kafka = *std::move(kafka);
  platform::Producer* producer = nullptr;
  if (absl::Status made = MakeClients(runtime, parts, &producer); !made.ok()) return made;
  const auto blobs = platform::AddBlobStore(runtime);
  if (!blobs.ok()) return blobs.status();
  parts.accounts = &runtime.Own(std::make_unique<AccountDirectory>(
      channel, *parts.config, runtime.clock(), platform::ResolveSecret));
  publishing.channel = channel;
  parts.publisher = &runtime.Own(std::make_unique<Publisher>(
      *producer, runtime.clock(), runtime.metrics(), std::move(publishing)));
  parts.archive = &runtime.Own(std::make_unique<RawArchive>(
      **blobs, runtime.workers(), *parts.accounts, runtime.clock(), runtime.metrics()));
  return parts;
}

platform::MediaLimits MediaLimitsFromFlags() {
  platform::MediaLimits limits;
  limits.bytes_max = static_cast<size_t>(absl::GetFlag(FLAGS_media_bytes_max));
  return limits;
}

void FetchMedia(platform::Runtime& runtime, const ChannelParts& parts, MediaSource& source) {
  runtime.AfterStart([&runtime, &source, parts]() -> absl::Status {
    MediaFetchOptions options;
    options.channel = parts.channel;
    options.instance_id = absl::GetFlag(FLAGS_group_instance);
    options.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
    options.is_ready = [accounts = parts.accounts] { return accounts->is_known(); };
    auto fetch =
        MediaFetch::Start(parts.kafka, std::move(options), source, *parts.archive, *parts.publisher,
                          runtime.io(), runtime.clock(), runtime.metrics(), runtime.health());
    if (!fetch.ok()) return fetch.status();
    MediaFetch& running = runtime.Own(*std::move(fetch));
    runtime.AddStopper("media fetch", [&running] { running.RequestStop(); });
    runtime.AddCloser("media fetch", [&running] { running.Stop(); });
    return absl::OkStatus();
  });
}

void DeliverWith(platform::Runtime& runtime, const ChannelParts& parts, Sender& sender,
                 DeliverySettings settings) {
  runtime.AfterStart([&runtime, &sender, parts, settings]() -> absl::Status {
    DeliveryLoopOptions options;
    options.rules.channel = parts.channel;
    options.rules.vendor_drops_repeats = settings.vendor_drops_repeats;
    options.rules.in_flight_max = absl::GetFlag(FLAGS_delivery_in_flight_max);
    options.instance_id = absl::GetFlag(FLAGS_group_instance);
    options.drain_max = settings.drain_max;
    options.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
    auto loop = DeliveryLoop::Start(
        parts.kafka, std::move(options), sender,
        [accounts = parts.accounts, wait = settings.receipt_wait] {
          return accounts->ForDelivery(wait);
        },
        runtime.io(), runtime.clock(), runtime.metrics(), runtime.health());
    if (!loop.ok()) return loop.status();
    DeliveryLoop& running = runtime.Own(*std::move(loop));
    runtime.AddCloser("delivery", [&running] { running.Stop(); });
    return absl::OkStatus();
  });
}

void ServeDoors(platform::Runtime& runtime, std::function<void(platform::HttpRouter&)> add_doors,
                absl::Duration drain_max) {
  runtime.AfterStart([&runtime, add_doors = std::move(add_doors), drain_max]() -> absl::Status {
    platform::HttpRouter router;
    add_doors(router);
    platform::HttpServerOptions options;
    options.listen = absl::GetFlag(FLAGS_http_listen);
    options.tls = platform::HttpTlsFromFlags();
    auto server = platform::HttpServer::Start(runtime.io(), std::move(options), std::move(router),
                                              platform::MeasureHttp(runtime.metrics()));
    if (!server.ok()) return server.status();
    platform::HttpServer& running = runtime.Own(*std::move(server));
    platform::Log(platform::LogLevel::kInfo, "webhooks are served", {{"port", running.port()}});
    runtime.AddStopper("http", [&running, drain_max] { running.Drain(drain_max); });
    return absl::OkStatus();
  });
}

void CheckChannelFlags(platform::Mistakes& mistakes) {
  platform::CheckHttpTlsFlags(mistakes);
  mistakes.AddStatus("http_listen", platform::ParseServerAddress(absl::GetFlag(FLAGS_http_listen),
                                                                 /*allow_port_zero=*/true)
                                        .status());
  const int32_t media = absl::GetFlag(FLAGS_media_bytes_max);
  mistakes.Require(media > 0 && media <= static_cast<int32_t>(platform::kBlobBytesMax),
                   absl::StrCat("--media_bytes_max ", media, " must be from 1 to ",
                                platform::kBlobBytesMax, ", for example 26214400"));
  const int32_t in_flight = absl::GetFlag(FLAGS_delivery_in_flight_max);
  mistakes.Require(in_flight > 0 && in_flight <= kInFlightMax,
                   absl::StrCat("--delivery_in_flight_max ", in_flight, " must be from 1 to ",
                                kInFlightMax, ", for example 256"));
}

}  // namespace trama::channels
