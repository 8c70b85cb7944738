#include "services/platform/parts/parts.h"

#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/file_archive.h"
#include "services/platform/blob/open_blob_store.h"
#include "services/platform/config/config_follower.h"
#include "services/platform/grpc/tls.h"
#include "services/platform/kafka/access.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/kafka/topics_check.h"
#include "services/platform/redis/redis_flags.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kFlushMax = absl::Seconds(5);

}  // namespace

absl::Status AddTopicsCheck(Runtime& runtime, const KafkaConfig& kafka, std::string_view service) {
  auto file = LoadTopics(absl::GetFlag(FLAGS_topics_file), absl::GetFlag(FLAGS_topics_cluster));
  if (!file.ok()) return file.status();
  TopicsCheck::Options options;
  options.kafka = kafka;
  options.topics = TopicsOf(*file, service);
  options.file = *std::move(file);
  options.on_difference = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
  runtime.Own(TopicsCheck::Start(std::move(options), runtime.health()));
  return absl::OkStatus();
}

absl::StatusOr<ConfigSource*> AddConfig(Runtime& runtime, const KafkaConfig& kafka) {
  auto follower = ConfigFollower::Start({.kafka = kafka}, runtime.health(), runtime.metrics());
  if (!follower.ok()) return follower.status();
  return &runtime.Own(*std::move(follower));
}

absl::StatusOr<Producer*> AddProducer(Runtime& runtime, const KafkaConfig& kafka,
                                      ProducerOptions options) {
  options.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
  auto made = Producer::Create(kafka, std::move(options));
  if (!made.ok()) return made.status();
  Producer* producer = &runtime.Own(*std::move(made));
  runtime.AddCloser("producer", [producer] {
    // Whoever waited for a record has been told that it is not written.
    producer->Flush(kFlushMax).IgnoreError();
  });
  return producer;
}

absl::StatusOr<RedisClient*> AddRedis(Runtime& runtime) {
  auto options = RedisOptionsFromFlags(&runtime.metrics());
  if (!options.ok()) return options.status();
  auto redis = RedisClient::Create(runtime.io(), *std::move(options));
  if (!redis.ok()) return redis.status();
  return &runtime.Own(*std::move(redis));
}

absl::StatusOr<BlobStore*> AddBlobStore(Runtime& runtime) {
  auto blobs = OpenBlobStore(runtime.io(), runtime.wall_clock(), BlobSettingsFromFlags());
  if (!blobs.ok()) return blobs.status();
  return &runtime.Own(*std::move(blobs));
}

absl::StatusOr<EngineParts> AddEngine(Runtime& runtime, const KafkaConfig& kafka,
                                      ConfigSource& config, EngineSpec spec,
                                      const std::string& grpc_service) {
  spec.instance_id = absl::GetFlag(FLAGS_group_instance);
  spec.make_archive = FileArchives(ScratchFolder());
  spec.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
  auto made = EngineHost::Create(std::move(spec), {.kafka = kafka,
                                                   .clock = runtime.clock(),
                                                   .metrics = runtime.metrics(),
                                                   .health = runtime.health(),
                                                   .config = config});
  if (!made.ok()) return made.status();
  EngineParts parts;
  parts.host = &runtime.Own(*std::move(made));

  EngineDispatchOptions options;
  options.grpc_service = grpc_service;
  options.partition_of = [&config](std::string_view workspace) {
    return config.Current()->PartitionOf(workspace);
  };
  options.peers.tls = GrpcTlsFromFlags();
  options.peers.token = &runtime.service_token();
  parts.dispatch = &runtime.Own(
      std::make_unique<EngineDispatch>(*parts.host, runtime.gate(), std::move(options)));

  runtime.AfterStart([host = parts.host, &runtime] { return host->Start(runtime.grpc_address()); });
  runtime.AddStopper("engine", [host = parts.host] { host->Leave(); });
  return parts;
}

}  // namespace trama::platform
