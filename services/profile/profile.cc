#include "services/profile/profile.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/blob/folder_blob_store.h"
#include "services/platform/config/config_follower.h"
#include "services/platform/config/identity_secrets.h"
#include "services/profile/ingest_loop.h"
#include "services/profile/profile_service.h"

ABSL_FLAG(std::string, group_instance, "",
          "Stable slot in the consumer group, such as profile-0: a restarted process resumes its "
          "partitions at once. Empty: none.");

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

absl::StatusOr<std::unique_ptr<platform::RedisClient>> MakeRedis(platform::Runtime& runtime) {
  auto options = platform::ParseRedisAddress(absl::GetFlag(FLAGS_redis));
  if (!options.ok()) return options.status();
  return platform::RedisClient::Create(runtime.io(), *std::move(options));
}

}  // namespace

absl::Status SetUp(platform::Runtime& runtime) {
  auto kafka = platform::KafkaConfigFromFlags("profile");
  if (!kafka.ok()) return kafka.status();
  const auto topics = TopicsFromFlags();
  if (!topics.ok()) return topics.status();
  auto blobs = platform::FolderBlobStore::Open({.folder = absl::GetFlag(FLAGS_blob_dir)});
  if (!blobs.ok()) return blobs.status();
  auto redis = MakeRedis(runtime);
  if (!redis.ok()) return redis.status();
  auto producer = platform::Producer::Create(*kafka);
  if (!producer.ok()) return producer.status();
  auto follower =
      platform::ConfigFollower::Start({.kafka = *kafka}, runtime.health(), runtime.metrics());
  if (!follower.ok()) return follower.status();

  platform::BlobStore& files = runtime.Own(*std::move(blobs));
  platform::Producer& out = runtime.Own(*std::move(producer));
  platform::ConfigSource& config = runtime.Own(*std::move(follower));
  auto& secrets = runtime.Own(std::make_unique<platform::IdentitySecrets>(
      config, runtime.clock(), &platform::ResolveSecret));
  RowStore& store = runtime.Own(std::make_unique<RowStore>(runtime.Own(*std::move(redis))));
  RowWriter& writer =
      runtime.Own(std::make_unique<RowWriter>(store, out, topics->profiles, runtime.metrics()));
  Restorer& restorer =
      runtime.Own(Restorer::Start(*kafka, *topics, store, runtime.health(), runtime.metrics()));
  runtime.AddCloser("restorer", [&restorer] { restorer.Stop(); });

  auto loop = IngestLoop::Start(
      {.kafka = *kafka, .instance_id = absl::GetFlag(FLAGS_group_instance), .topics = *topics},
      {store, writer, restorer, config, secrets, out, runtime.health(), runtime.metrics()},
      [&runtime](absl::Status why) { runtime.Fatal(why); });
  if (!loop.ok()) return loop.status();
  IngestLoop& ingest = runtime.Own(*std::move(loop));
  runtime.AddCloser("ingest", [&ingest] { ingest.Stop(); });

  auto& identifiers = runtime.Own(std::make_unique<RequestIdentifiers>(config, secrets));
  auto& reads = runtime.Own(std::make_unique<ProfileReads>(store, identifiers));
  auto& commands = runtime.Own(std::make_unique<ProfileCommands>(store, writer, identifiers));
  runtime.AddGrpcService(
      std::make_unique<ProfileServer>(runtime.gate(), reads, commands, restorer, files));
  return absl::OkStatus();
}

}  // namespace trama::profile
