#pragma once

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/redis/testing/redis_fixture.h"
#include "services/reporting/fold_loop.h"
#include "services/reporting/reporting_service.h"

namespace trama::reporting {

// What the replicas of one test share.
struct World {
  platform::KafkaConfig kafka;
  FoldLoopOptions options;
  std::unique_ptr<platform::RedisProcess> redis;
  platform::FixedConfig config;
};

// One process of the service.
class Replica {
 public:
  explicit Replica(World& world) {
    platform::RedisOptions redis;
    redis.port = world.redis->port();
    redis.backoff_max = absl::Milliseconds(100);
    redis_ = *platform::RedisClient::Create(io_.context(), redis);
    producer_ = *platform::Producer::Create(world.kafka);
    store_ = std::make_unique<KpiStore>(*redis_);
    loop_ =
        *FoldLoop::Start(world.options, *store_, world.config, *producer_, grpc_.health(),
                         grpc_.metrics(), [](const absl::Status& why) { ADD_FAILURE() << why; });
    server_ = std::make_unique<ReportingServer>(grpc_.gate(), io_.context(), *store_, world.config);
    grpc_.Serve(*server_);
  }
  ~Replica() {
    server_->StopStreams();
    grpc_.server().Shutdown(absl::Seconds(5));
    loop_->Stop();
    loop_.reset();
    redis_.reset();
    io_.Stop();
  }

  absl::StatusOr<v1::GetKpisResponse> Kpis(const v1::GetKpisRequest& request,
                                           const std::string& subject = "operator") {
    const std::shared_ptr<platform::Peer> peer = grpc_.Client(subject);
    const auto stub = v1::ReportingService::NewStub(peer->channel());
    return platform::CallBlocking<v1::GetKpisResponse>(
        *peer, request, {.timeout = absl::Seconds(30)},
        [&](grpc::ClientContext* context, const v1::GetKpisRequest& asked,
            v1::GetKpisResponse* answer) { return stub->GetKpis(context, asked, answer); });
  }
  platform::GrpcFixture& grpc() { return grpc_; }
  platform::RedisClient& redis() { return *redis_; }

 private:
  platform::GrpcFixture grpc_{{}, /*worker_threads=*/4};
  platform::IoThreads io_{2};
  std::unique_ptr<platform::RedisClient> redis_;
  std::unique_ptr<platform::Producer> producer_;
  std::unique_ptr<KpiStore> store_;
  std::unique_ptr<FoldLoop> loop_;
  std::unique_ptr<ReportingServer> server_;
};

}  // namespace trama::reporting
