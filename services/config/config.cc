#include "services/config/config.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "services/config/applier.h"
#include "services/config/config_metrics.h"
#include "services/config/config_service.h"
#include "services/config/kafka_revision_log.h"
#include "services/platform/kafka/admin.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/kafka/topics.h"

namespace trama::config {
namespace {

constexpr absl::Duration kTopicsTimeout = absl::Seconds(10);

// How many partition numbers there are to give to workspaces.
absl::StatusOr<int32_t> PartitionNumbers(const platform::KafkaConfig& kafka) {
  auto topics =
      platform::LoadTopics(absl::GetFlag(FLAGS_topics_file), absl::GetFlag(FLAGS_topics_cluster));
  if (!topics.ok()) return topics.status();
  auto admin = platform::Admin::Create(kafka);
  if (!admin.ok()) return admin.status();
  const absl::Status fine = platform::CheckTopics(
      **admin, *topics, {platform::kConfig, platform::kConfigHistory, platform::kWork},
      kTopicsTimeout);
  if (!fine.ok()) return fine;
  return topics->numbers;
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  auto kafka = platform::LogInToKafka("config");
  if (!kafka.ok()) return kafka.status();
  const auto numbers = PartitionNumbers(*kafka);
  if (!numbers.ok()) return numbers.status();

  auto& metrics = runtime.Own(std::make_unique<ConfigMetrics>(runtime.metrics()));
  auto started =
      KafkaRevisionLog::Start({.kafka = *kafka}, runtime.clock(), runtime.health(), metrics,
                              [&runtime](const absl::Status& why) { runtime.Fatal(why); });
  if (!started.ok()) return started.status();
  RevisionLog& log = runtime.Own(*std::move(started));

  auto& applier = runtime.Own(std::make_unique<Applier>(log, runtime.clock(), *numbers, [] {
    absl::BitGen random;
    return absl::StrCat(absl::Hex(random(), absl::kZeroPad16),
                        absl::Hex(random(), absl::kZeroPad16));
  }));
  runtime.AddGrpcService(std::make_unique<ConfigServer>(runtime.gate(), applier, log, metrics));
  return absl::OkStatus();
}

}  // namespace trama::config
