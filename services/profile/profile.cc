#include "services/profile/profile.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "services/platform/base/settings.h"
#include "services/platform/config/identity_secrets.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/kafka/topics.h"
#include "services/platform/parts/parts.h"
#include "services/profile/ingest_loop.h"
#include "services/profile/profile_service.h"

namespace trama::profile {
namespace {

absl::StatusOr<ProfileTopics> TopicsFromFlags() {
  const auto file =
      platform::LoadTopics(absl::GetFlag(FLAGS_topics_file), absl::GetFlag(FLAGS_topics_cluster));
  if (!file.ok()) return file.status();
  ProfileTopics topics;
  for (const platform::TopicSpec& topic : file->topics) {
    if (topic.name == topics.profiles) topics.profiles_partitions = topic.partitions;
    const bool is_read = std::count(topic.read_by.begin(), topic.read_by.end(), "profile") > 0;
    if (is_read && absl::StartsWith(topic.name, "trama.outbound.")) {
      topics.outbound.push_back(topic.name);
    }
  }
  return topics;
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  auto kafka = platform::LogInToKafka("profile");
  if (!kafka.ok()) return kafka.status();
  if (absl::Status added = platform::AddTopicsCheck(runtime, *kafka, "profile"); !added.ok())
    return added;
  const auto topics = TopicsFromFlags();
  if (!topics.ok()) return topics.status();
  const auto files = platform::AddBlobStore(runtime);
  if (!files.ok()) return files.status();
  const auto redis = platform::AddRedis(runtime);
  if (!redis.ok()) return redis.status();
  const auto out = platform::AddProducer(runtime, *kafka);
  if (!out.ok()) return out.status();
  const auto config = platform::AddConfig(runtime, *kafka);
  if (!config.ok()) return config.status();

  auto& secrets = runtime.Own(std::make_unique<platform::IdentitySecrets>(
      **config, runtime.clock(), &platform::ResolveSecret));
  RowStore& store = runtime.Own(std::make_unique<RowStore>(**redis));
  RowWriter& writer =
      runtime.Own(std::make_unique<RowWriter>(store, **out, topics->profiles, runtime.metrics()));
  Restorer& restorer =
      runtime.Own(Restorer::Start(*kafka, *topics, store, runtime.health(), runtime.metrics()));
  runtime.AddCloser("restorer", [&restorer] { restorer.Stop(); });

  auto loop = IngestLoop::Start(
      {.kafka = *kafka, .instance_id = absl::GetFlag(FLAGS_group_instance), .topics = *topics},
      {store, writer, restorer, **config, secrets, **out, runtime.health(), runtime.metrics()},
      [&runtime](absl::Status why) { runtime.Fatal(why); });
  if (!loop.ok()) return loop.status();
  IngestLoop& ingest = runtime.Own(*std::move(loop));
  runtime.AddCloser("ingest", [&ingest] { ingest.Stop(); });

  auto& identifiers = runtime.Own(std::make_unique<RequestIdentifiers>(**config, secrets));
  auto& reads = runtime.Own(std::make_unique<ProfileReads>(store, identifiers));
  auto& commands = runtime.Own(std::make_unique<ProfileCommands>(store, writer, identifiers));
  runtime.AddGrpcService(
      std::make_unique<ProfileServer>(runtime.gate(), reads, commands, restorer, **files));
  return absl::OkStatus();
}

}  // namespace trama::profile
