#include "services/sla/sla.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "services/platform/config/config_follower.h"
#include "services/platform/engine/dispatch.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/grpc/tls.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/kafka/topics.h"
#include "services/sla/sla_machine.h"
#include "services/sla/sla_service.h"

ABSL_FLAG(std::string, group_instance, "",
          "Stable slot in the consumer group, such as sla-0: a restarted process resumes its "
          "partitions at once. Empty: none.");

namespace trama::sla {
namespace {

platform::EngineSpec Spec(platform::Runtime& runtime) {
  platform::EngineSpec spec;
  spec.service = "sla";
  spec.instance_id = absl::GetFlag(FLAGS_group_instance);
  spec.inputs = {
      {platform::kConversations, &conversation::v1::ConversationEvent::default_instance()}};
  spec.changelog = platform::kSlaChangelog;
  spec.outputs = {platform::kSla};
  spec.make_machine = [](int32_t) { return std::make_unique<SlaMachine>(); };
  spec.push = [](int32_t, int64_t, const Push&) {};
  spec.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
  return spec;
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  auto kafka = platform::KafkaConfigFromFlags("sla");
  if (!kafka.ok()) return kafka.status();
  auto follower =
      platform::ConfigFollower::Start({.kafka = *kafka}, runtime.health(), runtime.metrics());
  if (!follower.ok()) return follower.status();
  platform::ConfigSource& config = runtime.Own(*std::move(follower));

  auto made = platform::EngineHost::Create(Spec(runtime), {.kafka = *kafka,
                                                           .clock = runtime.clock(),
                                                           .metrics = runtime.metrics(),
                                                           .health = runtime.health(),
                                                           .config = config});
  if (!made.ok()) return made.status();
  platform::EngineHost& host = runtime.Own(*std::move(made));

  platform::EngineDispatchOptions options;
  options.grpc_service = v1::SlaService::service_full_name();
  options.partition_of = [&config](std::string_view workspace) {
    return config.Current()->PartitionOf(workspace);
  };
  options.peers.tls = platform::GrpcTlsFromFlags();
  options.peers.token = &runtime.service_token();
  platform::EngineDispatch& dispatch = runtime.Own(
      std::make_unique<platform::EngineDispatch>(host, runtime.gate(), std::move(options)));
  runtime.AddGrpcService(std::make_unique<SlaServer>(dispatch));

  runtime.AfterStart([&host, &runtime] { return host.Start(runtime.grpc_address()); });
  // Before calls are refused: another replica then owns what is asked for here.
  runtime.AddStopper("engine", [&host] { host.Leave(); });
  return absl::OkStatus();
}

}  // namespace trama::sla
