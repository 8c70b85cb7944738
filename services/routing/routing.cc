#include "services/routing/routing.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/file_archive.h"
#include "services/platform/base/settings.h"
#include "services/platform/grpc/tls.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/kafka/topics.h"
#include "services/platform/parts/parts.h"
#include "services/routing/agent_streams.h"
#include "services/routing/intake.h"
#include "services/routing/profile_asker.h"
#include "services/routing/routing_machine.h"
#include "services/routing/routing_service.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

namespace trama::routing {
namespace {

// Everything that lives as long as the process, in the order in which it is made.
struct Parts {
  platform::ConfigSource* config = nullptr;
  std::shared_ptr<platform::Peer> profile;
  ProfileAsker* asker = nullptr;
  AgentStreams* streams = nullptr;
  platform::BlobStore* blobs = nullptr;
  platform::IdentitySecrets* secrets = nullptr;
  platform::EngineHost* host = nullptr;
  std::map<std::string, std::string> outbound;  // Channel to topic: whatever channels there are.
};

absl::Status MakeParts(platform::Runtime& runtime, const platform::KafkaConfig& kafka,
                       Parts& parts) {
  const auto topics =
      platform::LoadTopics(absl::GetFlag(FLAGS_topics_file), absl::GetFlag(FLAGS_topics_cluster));
  if (!topics.ok()) return topics.status();
  parts.outbound = platform::OutboundTopics(*topics);
  const auto config = platform::AddConfig(runtime, kafka);
  if (!config.ok()) return config.status();
  parts.config = *config;
  auto profile =
      platform::Peer::Make({.addresses = absl::GetFlag(FLAGS_profile_address),
                            .tls = platform::GrpcTlsFromFlags(),
                            .token = &runtime.service_token(),
                            .retry_reads = {"trama.profile.v1.ProfileService/Resolve",
                                            "trama.profile.v1.ProfileService/GetCustomer",
                                            "trama.profile.v1.ProfileService/ListTimeline"}});
  if (!profile.ok()) return profile.status();
  parts.profile = *std::move(profile);
  const auto blobs = platform::AddBlobStore(runtime);
  if (!blobs.ok()) return blobs.status();
  parts.blobs = *blobs;
  parts.asker = &runtime.Own(
      std::make_unique<ProfileAsker>(parts.profile, runtime.clock(), runtime.metrics()));
  // Before what takes its answers goes away.
  runtime.AddCloser("profile answers", [asker = parts.asker] { asker->Close(); });
  parts.streams = &runtime.Own(std::make_unique<AgentStreams>());
  parts.secrets = &runtime.Own(std::make_unique<platform::IdentitySecrets>(
      *parts.config, runtime.clock(), platform::ResolveSecret));
  return absl::OkStatus();
}

platform::EngineSpec Spec(Parts& parts) {
  platform::EngineSpec spec;
  spec.service = "routing";
  spec.inputs = {{platform::kWork, &v1::Work::default_instance()},
                 {platform::kDeliveries, &delivery::v1::Delivery::default_instance()},
                 {platform::kSla, &sla::v1::SlaEvent::default_instance()}};
  spec.changelog = platform::kRoutingChangelog;
  spec.outputs = {platform::kConversations, platform::kAgents};
  for (const auto& [channel, topic] : parts.outbound) spec.outputs.push_back(topic);
  spec.make_machine = [make_archive =
                           platform::FileArchives(platform::ScratchFolder())](int32_t partition) {
    return std::make_unique<RoutingMachine>(partition, Rest{.make_archive = make_archive});
  };
  // Offers leave before their commit, so a pause delays only who gives a second command right after
  // the first; each commit saved is seven requests that the broker need not answer.
  spec.times.commit_pause = absl::Milliseconds(15);
  AgentStreams* streams = parts.streams;
  spec.push = [streams](int32_t partition, int64_t, const Push& push) {
    streams->Release(partition, push);
  };
  spec.on_serving = [streams](int32_t partition, int64_t incarnation) {
    streams->Serve(partition, incarnation);
  };
  spec.on_dropped = [streams](int32_t partition, int64_t) { streams->Drop(partition); };
  spec.ask = [&parts](int32_t partition, int64_t incarnation, const Question& question) {
    parts.asker->Ask(question, [&parts, partition, incarnation](Answer answer) {
      // Of an incarnation that is gone: the next one asks again.
      parts.host->Deliver(partition, incarnation, std::move(answer)).IgnoreError();
    });
  };
  return spec;
}

void AddIntake(platform::Runtime& runtime, const platform::KafkaConfig& kafka, const Parts& parts) {
  runtime.AfterStart([&runtime, kafka, &parts]() -> absl::Status {
    IntakeOptions options;
    options.kafka = kafka;
    options.instance_id = absl::GetFlag(FLAGS_group_instance);
    for (const auto& [channel, topic] : parts.outbound) options.channels.insert(channel);
    auto intake = Intake::Start(std::move(options),
                                {*parts.config, *parts.secrets, parts.profile, runtime.health(),
                                 runtime.metrics(), runtime.clock()},
                                [&runtime](absl::Status why) { runtime.Fatal(why); });
    if (!intake.ok()) return intake.status();
    Intake& running = runtime.Own(*std::move(intake));
    runtime.AddCloser("intake", [&running] { running.Stop(); });
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  const auto kafka = platform::LogInToKafka("routing");
  if (!kafka.ok()) return kafka.status();
  if (absl::Status added = platform::AddTopicsCheck(runtime, *kafka, "routing"); !added.ok())
    return added;
  Parts& parts = runtime.Own(std::make_unique<Parts>());
  if (absl::Status made = MakeParts(runtime, *kafka, parts); !made.ok()) return made;

  const auto engine = platform::AddEngine(runtime, *kafka, *parts.config, Spec(parts),
                                          v1::RoutingService::service_full_name());
  if (!engine.ok()) return engine.status();
  parts.host = engine->host;
  runtime.AddGrpcService(std::make_unique<RoutingServer>(
      *engine->host, *engine->dispatch, runtime.gate(), *parts.streams, *parts.blobs));
  AddIntake(runtime, *kafka, parts);
  return absl::OkStatus();
}

}  // namespace trama::routing
