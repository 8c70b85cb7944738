#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "services/platform/net/testing/scripted_peer.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

// Peers that are connected and say nothing more, as behind a firewall that has forgotten them.
namespace trama::platform {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;

// RFC 9113, 3.4 and 6.5: what opens a connection; no settings of our own.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);
constexpr absl::Duration kSoon = absl::Milliseconds(200);

TEST(KeepaliveTest, ACallToAPeerThatFellSilentEnds) {
  ScriptedPeer peer([](TestSocket& connection, int) {
    connection.Send(kEmptySettings);
    connection.ReadAll();
  });
  const auto client = *Peer::Make({.addresses = absl::StrCat("127.0.0.1:", peer.port()),
                                   .timeout_default = absl::InfiniteDuration(),
                                   .keepalive_interval = kSoon,
                                   .keepalive_timeout = kSoon,
                                   .own_connections = true});
  const auto stub = ProfileService::NewStub(client->channel());
  const auto answer = CallBlocking<GetCustomerResponse>(
      *client, GetCustomerRequest(), {},
      [&](auto* c, const auto& q, auto* a) { return stub->GetCustomer(c, q, a); });
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
}

TEST(KeepaliveTest, AClientThatFellSilentIsDisconnected) {
  GrpcFixture fixture;
  ProfileService::CallbackService service;
  fixture.Serve(service, {.keepalive_interval = kSoon, .keepalive_timeout = kSoon});
  TestSocket client = TestSocket::Connect(static_cast<uint16_t>(fixture.server().port()));
  ASSERT_TRUE(client.Send(kPreface));
  ASSERT_TRUE(client.Send(kEmptySettings));
  // RFC 9113, 6.7: a PING is 8 bytes long, its type 6.
  const std::string all = client.ReadAll();
  EXPECT_THAT(all, ::testing::HasSubstr(std::string("\0\0\10\6", 4))) << absl::CHexEscape(all);
}

}  // namespace
}  // namespace trama::platform
