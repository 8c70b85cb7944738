#include "services/reporting/reporting.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/parts/parts.h"
#include "services/reporting/fold_loop.h"
#include "services/reporting/reporting_service.h"

namespace trama::reporting {

absl::Status SetUp(platform::Runtime& runtime) {
  auto kafka = platform::LogInToKafka("reporting");
  if (!kafka.ok()) return kafka.status();
  if (absl::Status added = platform::AddTopicsCheck(runtime, *kafka, "reporting"); !added.ok())
    return added;
  const auto config = platform::AddConfig(runtime, *kafka);
  if (!config.ok()) return config.status();
  const auto redis = platform::AddRedis(runtime);
  if (!redis.ok()) return redis.status();
  const auto reports = platform::AddProducer(runtime, *kafka);
  if (!reports.ok()) return reports.status();
  KpiStore& store = runtime.Own(std::make_unique<KpiStore>(**redis));

  auto loop = FoldLoop::Start({.kafka = *kafka, .instance_id = absl::GetFlag(FLAGS_group_instance)},
                              store, **config, **reports, runtime.health(), runtime.metrics(),
                              [&runtime](absl::Status why) { runtime.Fatal(why); });
  if (!loop.ok()) return loop.status();
  FoldLoop& folding = runtime.Own(*std::move(loop));
  runtime.AddCloser("fold loop", [&folding] { folding.Stop(); });

  auto server = std::make_unique<ReportingServer>(runtime.gate(), runtime.io(), store, **config);
  runtime.AddStopper("kpi streams", [streams = server.get()] { streams->StopStreams(); });
  runtime.AddGrpcService(std::move(server));
  return absl::OkStatus();
}

}  // namespace trama::reporting
