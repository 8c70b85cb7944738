#include "services/sla/sla.h"

#include <memory>
#include <string>
#include <utility>

#include "services/platform/base/common_flags.h"
#include "services/platform/base/file_archive.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/kafka/topics.h"
#include "services/platform/parts/parts.h"
#include "services/sla/sla_machine.h"
#include "services/sla/sla_service.h"

namespace trama::sla {
namespace {

platform::EngineSpec Spec() {
  platform::EngineSpec spec;
  spec.service = "sla";
  spec.inputs = {
      {platform::kConversations, &conversation::v1::ConversationEvent::default_instance()}};
  spec.changelog = platform::kSlaChangelog;
  spec.outputs = {platform::kSla};
  spec.make_machine = [make_archive = platform::FileArchives(platform::ScratchFolder())](int32_t) {
    return std::make_unique<SlaMachine>(SlaTopics(), make_archive);
  };
  spec.push = [](int32_t, int64_t, const Push&) {};
  // Nobody waits for a clock to be armed or met, and a breach may be told a quarter of a second
  // late: what has come meanwhile is fetched and committed together.
  spec.times.fetch_wait = absl::Milliseconds(100);
  spec.limits.fetch_bytes_min = platform::kUnhurriedFetchBytes;
  spec.times.commit_pause = absl::Milliseconds(50);
  return spec;
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  const auto kafka = platform::LogInToKafka("sla");
  if (!kafka.ok()) return kafka.status();
  if (absl::Status added = platform::AddTopicsCheck(runtime, *kafka, "sla"); !added.ok())
    return added;
  const auto config = platform::AddConfig(runtime, *kafka);
  if (!config.ok()) return config.status();
  const auto engine =
      platform::AddEngine(runtime, *kafka, **config, Spec(), v1::SlaService::service_full_name());
  if (!engine.ok()) return engine.status();
  runtime.AddGrpcService(std::make_unique<SlaServer>(*engine->dispatch));
  return absl::OkStatus();
}

}  // namespace trama::sla
