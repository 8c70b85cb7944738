#include "services/platform/grpc/client.h"

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::platform {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;
using ::testing::HasSubstr;

std::string MakeError(const PeerOptions& options) {
  return std::string(Peer::Make(options).status().message());
}

TEST(PeerTest, TakesNamesAndListsOfAddresses) {
  for (const char* addresses : {"profile:7020", "127.0.0.1:7020", "10.0.0.1:1,10.0.0.2:1",
                                "[::1]:7020", "[::1]:7020,[::2]:7020"}) {
    EXPECT_TRUE(Peer::Make({.addresses = addresses}).ok()) << addresses;
  }
}

TEST(PeerTest, RefusesWhatCannotWork) {
  EXPECT_THAT(MakeError({.addresses = "nowhere"}), HasSubstr("\"nowhere\" is not host:port"));
  EXPECT_THAT(MakeError({.addresses = "a:1,b:1"}), HasSubstr("one DNS name or IP addresses"));
  EXPECT_THAT(MakeError({.addresses = "a:1", .retry_reads = {"GetCustomer"}}),
              HasSubstr("package.Service/Method"));
  TempFolder folder;
  EXPECT_THAT(MakeError({.addresses = "a:1", .tls = {.ca_file = folder.Write("ca", "x")}}),
              HasSubstr("is not PEM"));
  EXPECT_THAT(MakeError({.addresses = "a:1", .tls = {.ca_file = "/nonexistent"}}),
              HasSubstr("/nonexistent"));
}

// Fails the first calls with UNAVAILABLE.
class Flaky final : public ProfileService::CallbackService {
 public:
  explicit Flaky(int failures) : failures_(failures) {}
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const GetCustomerRequest*, GetCustomerResponse*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const bool fail = calls++ < failures_;
    reactor->Finish(fail ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now")
                         : grpc::Status::OK);
    return reactor;
  }
  std::atomic<int> calls = 0;

 private:
  const int failures_;
};

absl::Status Get(const Peer& peer, const CallOptions& options = {}) {
  const auto stub = ProfileService::NewStub(peer.channel());
  return CallBlocking<GetCustomerResponse>(
             peer, GetCustomerRequest(), options,
             [&](auto* c, const auto& q, auto* a) { return stub->GetCustomer(c, q, a); })
      .status();
}

TEST(PeerTest, ReadsAreSentAgain) {
  GrpcFixture fixture;
  Flaky service(kAttemptsMax - 1);
  fixture.Serve(service);
  const auto peer =
      fixture.Client("", {.timeout_default = absl::Seconds(20),
                          .retry_reads = {"trama.profile.v1.ProfileService/GetCustomer"}});
  EXPECT_TRUE(Get(*peer).ok());
  EXPECT_EQ(service.calls, kAttemptsMax);
}

TEST(PeerTest, OtherCallsAreSentOnce) {
  GrpcFixture fixture;
  Flaky service(1);
  fixture.Serve(service);
  const auto peer =
      fixture.Client("", {.retry_reads = {"trama.profile.v1.ProfileService/ListTimeline"}});
  EXPECT_EQ(Get(*peer).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(service.calls, 1);
}

// Never answers before it is told to.
class Silent final : public ProfileService::CallbackService {
 public:
  explicit Silent(CallGate& gate) : gate_(gate) {}
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const GetCustomerRequest* request,
                                        GetCustomerResponse* response) override {
    return RunUnaryAsync(gate_, context, request, response,
                         {.workspace = "demo", .roles = {"agent"}},
                         [this](UnaryReply<GetCustomerResponse> reply, const GetCustomerRequest&) {
                           const std::lock_guard lock(mutex_);
                           held_.push_back(std::move(reply));
                         });
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    held_.clear();
  }

 private:
  CallGate& gate_;
  std::mutex mutex_;
  std::vector<UnaryReply<GetCustomerResponse>> held_;
};

TEST(PeerTest, CallEndsAtItsDeadline) {
  GrpcFixture fixture;
  Silent service(fixture.gate());
  fixture.Serve(service);
  const auto peer = fixture.Client("ana", {.timeout_default = absl::Milliseconds(50)});
  EXPECT_EQ(Get(*peer).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Get(*peer, {.timeout = absl::Milliseconds(20)}).code(),
            absl::StatusCode::kDeadlineExceeded);
  service.Release();
}

TEST(PeerTest, AsyncCallReportsOnceAlsoWhenNobodyListens) {
  const auto peer = *Peer::Make({.addresses = "127.0.0.1:1"});
  const auto stub = ProfileService::NewStub(peer->channel());
  std::promise<absl::Status> done;
  CallAsync<GetCustomerResponse>(
      *peer, GetCustomerRequest(), {},
      [&](auto* c, auto* q, auto* a, auto d) { stub->async()->GetCustomer(c, q, a, std::move(d)); },
      [&](absl::StatusOr<GetCustomerResponse> answer) { done.set_value(answer.status()); });
  EXPECT_EQ(done.get_future().get().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trama::platform
