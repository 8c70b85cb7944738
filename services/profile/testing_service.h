#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/blob/memory_blob_store.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/redis/testing/redis_fixture.h"
#include "services/profile/ingest_loop.h"
#include "services/profile/profile_service.h"
#include "services/profile/testing.h"

namespace trama::profile::testing {

inline constexpr char kOther[] = "other";
inline constexpr char kOtherSecret[] = "fedcba9876543210";

// What the replicas of one test share: topics of their own on the broker, a Redis of its own, a
// configuration with the workspaces "demo" and "other", files.
struct World {
  platform::KafkaConfig kafka;
  ProfileTopics topics;
  std::string group;
  std::unique_ptr<platform::RedisProcess> redis;
  std::unique_ptr<platform::RedisProcess> standby;  // Null: there is none.
  platform::FixedConfig config;
  platform::MemoryBlobStore blobs;
  std::atomic<bool> other_secret_is_readable = true;
};

// One process of the service, with a client for each subject of GrpcFixture.
class Replica {
 public:
  explicit Replica(World& world) : world_(world) {
    platform::RedisOptions options;
    options.port = world.redis->port();
    if (world.standby != nullptr) options.others = {{"127.0.0.1", world.standby->port()}};
    options.backoff_max = absl::Milliseconds(100);
    redis_ = *platform::RedisClient::Create(io_.context(), options);
    producer_ = *platform::Producer::Create(world.kafka);
    store_ = std::make_unique<RowStore>(*redis_);
    writer_ =
        std::make_unique<RowWriter>(*store_, *producer_, world.topics.profiles, grpc_.metrics());
    restorer_ =
        Restorer::Start(world.kafka, world.topics, *store_, grpc_.health(), grpc_.metrics());
    loop_ = *IngestLoop::Start({.kafka = world.kafka, .group = world.group, .topics = world.topics},
                               {*store_, *writer_, *restorer_, world.config, secrets_, *producer_,
                                grpc_.health(), grpc_.metrics()},
                               [](const absl::Status& why) { ADD_FAILURE() << why; });
    commands_ = std::make_unique<ProfileCommands>(*store_, *writer_, identifiers_);
    reads_ = std::make_unique<ProfileReads>(*store_, identifiers_);
    server_ =
        std::make_unique<ProfileServer>(grpc_.gate(), *reads_, *commands_, *restorer_, world.blobs);
    grpc_.Serve(*server_);
  }
  ~Replica() {
    grpc_.server().Shutdown(absl::Seconds(5));
    loop_->Stop();
    restorer_->Stop();
    loop_.reset();
    restorer_.reset();
    redis_.reset();
    io_.Stop();
  }

  // Sends a call as `subject`: Call<v1::LinkResponse>("ana", request, &Stub::Link).
  using Stub = v1::ProfileService::Stub;
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& subject, const Request& request,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const std::string& traceparent = "") {
    const std::shared_ptr<platform::Peer> peer = grpc_.Client(subject);
    const auto stub = v1::ProfileService::NewStub(peer->channel());
    return platform::CallBlocking<Response>(
        *peer, request, {.timeout = absl::Seconds(60), .traceparent = traceparent},
        [&](grpc::ClientContext* context, const Request& asked, Response* answer) {
          return ((*stub).*method)(context, asked, answer);
        });
  }

  // The whole file, or the error of the stream.
  absl::StatusOr<std::pair<types::v1::Media, std::string>> ReadFile(
      const std::string& subject, const v1::ReadFileRequest& request) {
    const std::shared_ptr<platform::Peer> peer = grpc_.Client(subject);
    const auto stub = v1::ProfileService::NewStub(peer->channel());
    grpc::ClientContext context;
    peer->Prepare(context, {.timeout = absl::Seconds(20)});
    const auto stream = stub->ReadFile(&context, request);
    std::pair<types::v1::Media, std::string> file;
    v1::ReadFileResponse chunk;
    while (stream->Read(&chunk)) {
      if (chunk.has_media()) file.first = chunk.media();
      file.second += chunk.data();
    }
    if (grpc::Status status = stream->Finish(); !status.ok()) return platform::FromGrpc(status);
    return file;
  }

  bool ready() { return grpc_.health().Ready().fine; }
  platform::GrpcFixture& grpc() { return grpc_; }
  platform::RedisClient& redis() { return *redis_; }
  Restorer& restorer() { return *restorer_; }
  RowStore& store() { return *store_; }
  RowWriter& writer() { return *writer_; }

 private:
  World& world_;
  platform::SystemClock clock_;
  platform::GrpcFixture grpc_{{}, /*worker_threads=*/8};
  platform::IoThreads io_{2};
  platform::IdentitySecrets secrets_{
      world_.config, clock_, [this](std::string_view reference) -> absl::StatusOr<std::string> {
        if (reference == "env:DEMO") return std::string(kSecret);
        if (world_.other_secret_is_readable) return std::string(kOtherSecret);
        return absl::NotFoundError("env:OTHER is not set");
      }};
  RequestIdentifiers identifiers_{world_.config, secrets_};
  std::unique_ptr<platform::RedisClient> redis_;
  std::unique_ptr<platform::Producer> producer_;
  std::unique_ptr<RowStore> store_;
  std::unique_ptr<RowWriter> writer_;
  std::unique_ptr<Restorer> restorer_;
  std::unique_ptr<IngestLoop> loop_;
  std::unique_ptr<ProfileReads> reads_;
  std::unique_ptr<ProfileCommands> commands_;
  std::unique_ptr<ProfileServer> server_;
};

class ProfileTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Writes a message as its service would: interactions by key, others to partition 1.
  void Send(const interaction::v1::Interaction& message) {
    Produce(world_.topics.interactions, message.sender().identifier().value(), message,
            platform::kPartitionByKey);
  }
  void Send(const outbound::v1::OutboundMessage& message) {
    Produce(world_.topics.outbound[0], message.conversation_id(), message, 1);
  }
  void Send(const delivery::v1::Delivery& delivery) {
    Produce(world_.topics.deliveries, delivery.conversation_id(), delivery, 1);
  }
  void Send(const conversation::v1::ConversationEvent& event) {
    Produce(world_.topics.conversations, event.conversation_id(), event, 1);
  }
  void Send(const sla::v1::SlaEvent& event) {
    Produce(world_.topics.sla, event.conversation_id(), event, 1);
  }
  void Produce(const std::string& topic, const std::string& key,
               const google::protobuf::Message& message, int32_t partition);

  // Waits until everything that was sent is done with and committed.
  void WaitAllRead();

  // All rows on topic `profiles` as compaction would leave them.
  std::map<std::string, std::string> CompactedRows();

  // By row id, the traceparent of each row's last record; empty when it has none.
  std::map<std::string, std::string> TracesOfRows();

  Replica& replica() { return *replicas_.front(); }
  // One more process.
  Replica& AddReplica();

  World world_;
  std::string traceparent_;  // Of what is sent from now on.
  std::unique_ptr<platform::Producer> producer_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

}  // namespace trama::profile::testing
