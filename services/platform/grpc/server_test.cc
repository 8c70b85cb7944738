#include "services/platform/grpc/server.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/testing/scripted_service.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;

using ServerTest = ScriptedServiceTest;

TEST_F(ServerTest, UnservedMethodIsUnimplemented) {
  Serve();
  profile::v1::LinkRequest request;
  const absl::Status status =
      CallBlocking<profile::v1::LinkResponse>(
          *ana_, request, {}, [&](auto* c, const auto& q, auto* a) { return stub_->Link(c, q, a); })
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST_F(ServerTest, OversizedRequestIsRefused) {
  Serve({}, 2, 100, {.message_bytes_max = 1000});
  EXPECT_EQ(GetCustomer({}, std::string(2000, 'x')).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ServerTest, HealthServiceFollowsReadiness) {
  Serve();
  EXPECT_EQ(HealthStatus(), 1);
  const auto condition = fixture_->health().AddCondition("caught up");
  EXPECT_EQ(HealthStatus(), 2);
  condition->Set(true);
  EXPECT_EQ(HealthStatus(), 1);
  fixture_->health().StartDraining();
  EXPECT_EQ(HealthStatus(), 2);
}

TEST_F(ServerTest, MetricsCountCallsByMethodAndCode) {
  Serve();
  ASSERT_TRUE(GetCustomer().ok());
  service_->blocking = [](const Call&, const GetCustomerRequest&) {
    return absl::NotFoundError("no");
  };
  ASSERT_FALSE(GetCustomer().ok());
  const std::string text = fixture_->metrics().Exposition();
  const std::string method = "method=\"trama.profile.v1.ProfileService/GetCustomer\"";
  EXPECT_THAT(text, HasSubstr("trama_grpc_server_calls_total{code=\"OK\"," + method + "} 1"));
  EXPECT_THAT(text,
              HasSubstr("trama_grpc_server_calls_total{code=\"NOT_FOUND\"," + method + "} 1"));
  EXPECT_THAT(text, HasSubstr("trama_grpc_server_handling_seconds_count{" + method + "} 2"));
}

TEST_F(ServerTest, ShutdownLetsCallsUnderWayEnd) {
  Serve();
  std::promise<void> started;
  std::promise<void> release;
  service_->blocking = [&](const Call&, const GetCustomerRequest&) {
    started.set_value();
    release.get_future().wait();
    return GetCustomerResponse();
  };
  std::future<absl::Status> running = GetCustomerLater();
  started.get_future().wait();
  std::future<void> shutdown =
      std::async(std::launch::async, [&] { fixture_->server().Shutdown(absl::Seconds(20)); });
  release.set_value();
  EXPECT_TRUE(running.get().ok());
  shutdown.get();
  EXPECT_EQ(GetCustomer({.timeout = absl::Seconds(20)}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PortInUseIsAnError) {
  Serve();
  Metrics metrics;
  EXPECT_EQ(
      GrpcServer::Start({.listen = fixture_->server().address()}, {}, fixture_->health(), metrics)
          .status()
          .code(),
      absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trama::platform
