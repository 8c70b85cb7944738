#include <future>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/http/testing/server_fixture.h"

namespace trama::platform {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class HttpServerDrainTest : public ServerFixture {};

TEST_F(HttpServerDrainTest, RequestsInFlightFinishAndTheirConnectionsClose) {
  Start();
  TestSocket busy = Connect();
  busy.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForSlow(1);
  TestSocket idle = Connect();
  idle.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  idle.ReadMessage();
  auto drained =
      std::async(std::launch::async, [this] { return server_->Drain(absl::Seconds(20)); });
  EXPECT_EQ(idle.ReadAll(), "");  // Closed, while the other is still being answered.
  Release();
  EXPECT_THAT(busy.ReadAll(), AllOf(HasSubstr("Connection: close"), EndsWith("at last")));
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpServerDrainTest, NobodyIsAcceptedAnyMore) {
  Start();
  EXPECT_TRUE(server_->Drain(absl::Seconds(20)));
  EXPECT_FALSE(TestSocket::Listens(server_->port()));
}

TEST_F(HttpServerDrainTest, WhatDoesNotFinishIsCut) {
  Start();
  TestSocket busy = Connect();
  busy.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForSlow(1);
  EXPECT_FALSE(server_->Drain(absl::Milliseconds(50)));
  EXPECT_EQ(busy.ReadAll(), "");
}

TEST_F(HttpServerDrainTest, TheServerMayGoWhileAHandlerRuns) {
  Start();
  TestSocket busy = Connect();
  busy.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForSlow(1);
  server_.reset();
  EXPECT_EQ(busy.ReadAll(), "");
  Release();
}

}  // namespace
}  // namespace trama::platform
