#include "services/reporting/reporting.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/config/config_follower.h"
#include "services/reporting/fold_loop.h"
#include "services/reporting/reporting_service.h"

ABSL_FLAG(std::string, group_instance, "",
          "Stable slot in the consumer group, such as reporting-0: a restarted process resumes its "
          "partitions at once. Empty: none.");

namespace trama::reporting {

absl::Status SetUp(platform::Runtime& runtime) {
  auto kafka = platform::KafkaConfigFromFlags("reporting");
  if (!kafka.ok()) return kafka.status();
  auto redis_options = platform::ParseRedisAddress(absl::GetFlag(FLAGS_redis));
  if (!redis_options.ok()) return redis_options.status();
  auto redis = platform::RedisClient::Create(runtime.io(), *std::move(redis_options));
  if (!redis.ok()) return redis.status();
  auto producer = platform::Producer::Create(*kafka);
  if (!producer.ok()) return producer.status();
  auto config =
      platform::ConfigFollower::Start({.kafka = *kafka}, runtime.health(), runtime.metrics());
  if (!config.ok()) return config.status();

  platform::RedisClient& redis_client = runtime.Own(*std::move(redis));
  platform::Producer& reports = runtime.Own(*std::move(producer));
  platform::ConfigSource& source = runtime.Own(*std::move(config));
  KpiStore& store = runtime.Own(std::make_unique<KpiStore>(redis_client));

  auto loop = FoldLoop::Start({.kafka = *kafka, .instance_id = absl::GetFlag(FLAGS_group_instance)},
                              store, source, reports, runtime.health(), runtime.metrics(),
                              [&runtime](absl::Status why) { runtime.Fatal(why); });
  if (!loop.ok()) return loop.status();
  FoldLoop& folding = runtime.Own(*std::move(loop));
  runtime.AddCloser("fold loop", [&folding] { folding.Stop(); });

  auto server = std::make_unique<ReportingServer>(runtime.gate(), runtime.io(), store, source);
  runtime.AddStopper("kpi streams", [streams = server.get()] { streams->StopStreams(); });
  runtime.AddGrpcService(std::move(server));
  return absl::OkStatus();
}

}  // namespace trama::reporting
