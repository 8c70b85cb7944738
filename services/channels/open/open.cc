#include "services/channels/open/open.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/media_fetch.h"
#include "services/channels/open/account.h"
#include "services/channels/open/callback_sender.h"
#include "services/channels/open/doors.h"
#include "services/channels/open/event_intake.h"
#include "services/channels/open/media_source.h"
#include "services/platform/base/server_address.h"
#include "services/platform/http/http_flags.h"
#include "services/platform/http/http_server.h"
#include "services/platform/http/ssrf_guard.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/parts/parts.h"
#include "services/platform/service/http_metrics.h"

ABSL_FLAG(std::string, http_listen, "127.0.0.1:8040",
          "Where the integrators' requests arrive (host:port); port 0 picks a free one.");
ABSL_FLAG(std::vector<std::string>, private_hosts, {},
          "Hosts that may be called and fetched from although they lie in a private network or "
          "speak http. Every other host must be public and speak https.");
ABSL_FLAG(int32_t, media_bytes_max, 25 << 20, "Largest attachment that is fetched.");
ABSL_FLAG(int32_t, delivery_in_flight_max, 64,
          "Attempts to send that may be under way at once, per partition number.");

namespace trama::open_channel {

namespace {

constexpr absl::Duration kDrainMax = absl::Seconds(10);
constexpr int kInFlightMax = 10'000;
// An answer needs an id at most.
constexpr size_t kAnswerBytesMax = 64 * 1024;

// Everything that the doors and delivery share, in the order in which it is made.
struct Parts {
  platform::ConfigSource* config = nullptr;
  platform::Producer* producer = nullptr;
  platform::RedisClient* redis = nullptr;
  channels::AccountDirectory* accounts = nullptr;
  channels::Publisher* publisher = nullptr;
  channels::RawArchive* archive = nullptr;
};

// For everything that a stranger's address leads to.
platform::SsrfGuardOptions GuardOptions() {
  platform::SsrfGuardOptions options;
  options.trusted_hosts = absl::GetFlag(FLAGS_private_hosts);
  options.https_only = true;
  return options;
}

absl::Status MakeClients(platform::Runtime& runtime, const platform::KafkaConfig& kafka,
                         Parts& parts) {
  const auto config = platform::AddConfig(runtime, kafka);
  if (!config.ok()) return config.status();
  parts.config = *config;
  const auto producer = platform::AddProducer(runtime, kafka);
  if (!producer.ok()) return producer.status();
  parts.producer = *producer;
  const auto redis = platform::AddRedis(runtime);
  if (!redis.ok()) return redis.status();
  parts.redis = *redis;
  return absl::OkStatus();
}

absl::Status MakeParts(platform::Runtime& runtime, Parts& parts) {
  const auto blobs = platform::AddBlobStore(runtime);
  if (!blobs.ok()) return blobs.status();
  parts.accounts = &runtime.Own(std::make_unique<channels::AccountDirectory>(
      kChannel, *parts.config, runtime.clock(), platform::ResolveSecret));
  channels::PublisherOptions publishing;
  publishing.channel = kChannel;
  parts.publisher = &runtime.Own(std::make_unique<channels::Publisher>(
      *parts.producer, runtime.clock(), runtime.metrics(), std::move(publishing)));
  parts.archive = &runtime.Own(std::make_unique<channels::RawArchive>(
      **blobs, runtime.workers(), *parts.accounts, runtime.clock(), runtime.metrics()));
  return absl::OkStatus();
}

void AddDoors(platform::Runtime& runtime, const Parts& parts) {
  auto& seen =
      runtime.Own(std::make_unique<channels::SeenMemory>(parts.redis, kChannel, runtime.metrics()));
  auto& intake = runtime.Own(std::make_unique<EventIntake>(*parts.publisher, seen, *parts.archive));
  auto& doors = runtime.Own(std::make_unique<Doors>(*parts.accounts, intake, *parts.archive,
                                                    runtime.clock(), runtime.metrics()));
  runtime.AfterStart([&runtime, &doors]() -> absl::Status {
    platform::HttpRouter router;
    doors.AddTo(router);
    platform::HttpServerOptions options;
    options.listen = absl::GetFlag(FLAGS_http_listen);
    options.tls = platform::HttpTlsFromFlags();
    auto server = platform::HttpServer::Start(runtime.io(), std::move(options), std::move(router),
                                              platform::MeasureHttp(runtime.metrics()));
    if (!server.ok()) return server.status();
    platform::HttpServer& running = runtime.Own(*std::move(server));
    platform::Log(platform::LogLevel::kInfo, "webhooks are served", {{"port", running.port()}});
    runtime.AddStopper("http", [&running] { running.Drain(kDrainMax); });
    return absl::OkStatus();
  });
}

absl::Status AddMediaFetch(platform::Runtime& runtime, const platform::KafkaConfig& kafka,
                           const Parts& parts) {
  platform::MediaLimits limits;
  limits.bytes_max = static_cast<size_t>(absl::GetFlag(FLAGS_media_bytes_max));
  auto fetcher = platform::MediaFetcher::Create(runtime.io(), GuardOptions(), limits);
  if (!fetcher.ok()) return fetcher.status();
  auto& source = runtime.Own(std::make_unique<AttachmentSource>(runtime.Own(*std::move(fetcher))));
  runtime.AfterStart([&runtime, &source, kafka, parts]() -> absl::Status {
    channels::MediaFetchOptions options;
    options.channel = kChannel;
    options.instance_id = absl::GetFlag(FLAGS_group_instance);
    options.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
    auto fetch = channels::MediaFetch::Start(kafka, std::move(options), source, *parts.archive,
                                             *parts.publisher, runtime.io(), runtime.clock(),
                                             runtime.metrics(), runtime.health());
    if (!fetch.ok()) return fetch.status();
    channels::MediaFetch& running = runtime.Own(*std::move(fetch));
    runtime.AddStopper("media fetch", [&running] { running.RequestStop(); });
    runtime.AddCloser("media fetch", [&running] { running.Stop(); });
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

absl::Status AddDelivery(platform::Runtime& runtime, const platform::KafkaConfig& kafka,
                         const Parts& parts) {
  auto& guard = runtime.Own(std::make_unique<platform::SsrfGuard>(GuardOptions()));
  platform::HttpClientOptions calling;
  calling.total_timeout = CallbackSender::kCallMax;
  calling.body_bytes_max = kAnswerBytesMax;
  calling.connections_per_host_max = 64;
  // A request that came just when the connection was closed is made again all the same.
  calling.reuse_for_post = true;
  calling.address_policy = guard.Policy();
  auto http = platform::HttpClient::Create(runtime.io(), std::move(calling));
  if (!http.ok()) return http.status();
  platform::HttpClient& client = runtime.Own(*std::move(http));
  auto& sender = runtime.Own(
      std::make_unique<CallbackSender>(*parts.accounts, client, guard, runtime.clock()));
  runtime.AfterStart([&runtime, &sender, kafka, parts]() -> absl::Status {
    channels::DeliveryLoopOptions options;
    options.rules.channel = kChannel;
    options.rules.vendor_drops_repeats = true;
    options.rules.in_flight_max = absl::GetFlag(FLAGS_delivery_in_flight_max);
    options.instance_id = absl::GetFlag(FLAGS_group_instance);
    options.drain_max = CallbackSender::kCallMax + absl::Seconds(1);
    options.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
    auto loop = channels::DeliveryLoop::Start(
        kafka, std::move(options), sender,
        [accounts = parts.accounts] { return accounts->ForDelivery(); }, runtime.io(),
        runtime.clock(), runtime.metrics(), runtime.health());
    if (!loop.ok()) return loop.status();
    channels::DeliveryLoop& running = runtime.Own(*std::move(loop));
    runtime.AddCloser("delivery", [&running] { running.Stop(); });
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

}  // namespace

void CheckSettings(platform::Mistakes& mistakes) {
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
                                kInFlightMax, ", for example 64"));
}

absl::Status SetUp(platform::Runtime& runtime) {
  const auto kafka = platform::LogInToKafka("open");
  if (!kafka.ok()) return kafka.status();
  Parts parts;
  if (absl::Status made = MakeClients(runtime, *kafka, parts); !made.ok()) return made;
  if (absl::Status made = MakeParts(runtime, parts); !made.ok()) return made;
  // Closers run in reverse order: attempts under way must be written before anything else ends.
  if (absl::Status added = AddMediaFetch(runtime, *kafka, parts); !added.ok()) return added;
  if (absl::Status added = AddDelivery(runtime, *kafka, parts); !added.ok()) return added;
  AddDoors(runtime, parts);
  return absl::OkStatus();
}

}  // namespace trama::open_channel
