#include "tools/loadgen/routing_stubs.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "services/platform/grpc/caller.h"

namespace trama::loadgen {
namespace {

using routing::v1::HeartbeatRequest;
using routing::v1::HeartbeatResponse;

// A replica that answers heartbeats and says who the owner is, if it is told somebody.
class Replica final : public routing::v1::RoutingService::Service {
 public:
  Replica() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Replica() override { server_->Shutdown(); }

  grpc::Status Heartbeat(grpc::ServerContext* context, const HeartbeatRequest*,
                         HeartbeatResponse*) override {
    ++calls;
    if (!owner.empty()) context->AddTrailingMetadata(platform::kOwnerTrailer, owner);
    return grpc::Status::OK;
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  std::string owner;
  std::atomic<int> calls = 0;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

std::shared_ptr<grpc::Channel> To(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

void Beat(RoutingStubs& stubs) {
  grpc::ClientContext context;
  HeartbeatResponse response;
  const grpc::Status status = stubs.Current()->Heartbeat(&context, {}, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  stubs.NoteOwner(context);
}

class RoutingStubsTest : public ::testing::Test {
 protected:
  RoutingStubsTest() { any_.owner = owner_.address(); }

  Replica any_;
  Replica owner_;
};

TEST_F(RoutingStubsTest, TheOwnerIsCalledOnceHeIsKnown) {
  RoutingStubs stubs(To(any_.address()), To);
  for (int i = 0; i < 3; ++i) Beat(stubs);
  EXPECT_EQ(any_.calls, 1);
  EXPECT_EQ(owner_.calls, 2);
}

TEST_F(RoutingStubsTest, AnOwnerWhoFailedIsNotBelievedInForAWhile) {
  RoutingStubs stubs(To(any_.address()), To);
  Beat(stubs);
  stubs.LeaveOwner();
  Beat(stubs);
  Beat(stubs);
  EXPECT_EQ(any_.calls, 3);
  EXPECT_EQ(owner_.calls, 0);
}

TEST_F(RoutingStubsTest, WithoutAWayToOwnersAnyReplicaIsCalled) {
  RoutingStubs stubs(To(any_.address()), nullptr);
  Beat(stubs);
  Beat(stubs);
  EXPECT_EQ(any_.calls, 2);
}

}  // namespace
}  // namespace trama::loadgen
