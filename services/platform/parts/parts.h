#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/platform/blob/blob_store.h"
#include "services/platform/config/config_source.h"
#include "services/platform/engine/dispatch.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/engine/engine_spec.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/producer.h"
#include "services/platform/redis/redis_client.h"
#include "services/platform/service/runtime.h"

// The parts that most services are made of. Each is made from the settings, owned by the runtime
// and ended in order; a part that cannot go on ends the process. Only during setup.
namespace trama::platform {

// Compares the topics that `service` writes, reads or sees with the topics file (--topics_file):
// not ready before; a difference that breaks a promise to readers ends the process.
absl::Status AddTopicsCheck(Runtime& runtime, const KafkaConfig& kafka, std::string_view service);

// Follows the configuration; ready once the first revision is there.
absl::StatusOr<ConfigSource*> AddConfig(Runtime& runtime, const KafkaConfig& kafka);

// Flushed at the end.
absl::StatusOr<Producer*> AddProducer(Runtime& runtime, const KafkaConfig& kafka,
                                      ProducerOptions options = {});

absl::StatusOr<RedisClient*> AddRedis(Runtime& runtime);

absl::StatusOr<BlobStore*> AddBlobStore(Runtime& runtime);

struct EngineParts {
  EngineHost* host = nullptr;
  EngineDispatch* dispatch = nullptr;
};

// An engine that joins its group once the gRPC server listens, and the way of calls of
// `grpc_service` (full name) to the owner of their workspace. At the end it hands its partitions
// over before calls are refused: another replica then owns what is asked for here. Of `spec`, the
// slot in the group, where a takeover puts what it has read and what is fatal are set here.
absl::StatusOr<EngineParts> AddEngine(Runtime& runtime, const KafkaConfig& kafka,
                                      ConfigSource& config, EngineSpec spec,
                                      const std::string& grpc_service);

}  // namespace trama::platform
