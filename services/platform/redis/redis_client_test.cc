#include "services/platform/redis/redis_client.h"
#include "services/platform/redis/redis_protocol.h"

#include <atomic>
#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/testing/scripted_peer.h"
#include "services/platform/redis/redis_metrics.h"

// The client against peers that are not Redis, or not there.
namespace trama::platform {
namespace {

using ::testing::HasSubstr;

class RedisClientTest : public ::testing::Test {
 protected:
  void TearDown() override {
    client_.reset();
    io_.Stop();
  }

  void Make(uint16_t port, RedisOptions options = {}) {
    options.port = port;
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(10);
    auto client = RedisClient::Create(io_.context(), std::move(options));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  IoThreads io_{1};
  std::unique_ptr<RedisClient> client_;
};

// Answers the greeting (INFO) as Redis does.
void Greet(TestSocket& socket) {
  socket.ReadUntil("INFO\r\n");
  socket.Send("$10\r\nrun_id:abc\r\n");
}

TEST_F(RedisClientTest, NobodyThereIsUnavailableAtOnce) {
  const BoundSocket nobody = BindFreePort();
  TestSocket closes_it(nobody.descriptor);
  Make(nobody.port);
  EXPECT_EQ(client_->CallBlocking({"PING"}).status().code(), absl::StatusCode::kUnavailable);
  const absl::Status waited = client_->WaitConnected(absl::Milliseconds(50));
  EXPECT_EQ(waited.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(waited.message()), HasSubstr("Connection refused"));
  EXPECT_EQ(client_->pending(), 0u);
}

TEST_F(RedisClientTest, NonsenseIsAnErrorAndTheNextConnectionWorks) {
  ScriptedPeer peer([](TestSocket& socket, int round) {
    Greet(socket);
    const std::string command = socket.ReadUntil("PING\r\n");
    if (command.empty()) return;
    socket.Send(round == 0 ? "what?\r\n" : "+PONG\r\n");
    socket.ReadAll();
  });
  Make(peer.port());
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  const auto nonsense = client_->CallBlocking({"PING"});
  EXPECT_EQ(nonsense.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(nonsense.status().message()), HasSubstr("may have run"));
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  const auto answer = client_->CallBlocking({"PING"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->text, "PONG");
  EXPECT_EQ(client_->server().connection, 2);
  client_.reset();
}

TEST_F(RedisClientTest, AnswersNobodyAskedForEndTheConnection) {
  std::promise<void> made;
  std::promise<void> left_twice;
  ScriptedPeer peer([&](TestSocket& socket, int round) {
    if (round == 2) left_twice.set_value();
    Greet(socket);
    if (round == 0) socket.Send("+OK\r\n");
    if (round == 1) {
      made.get_future().wait();
      EXPECT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
      socket.Send("+OK\r\n");
    }
    socket.ReadAll();
  });
  Make(peer.port());
  made.set_value();
  EXPECT_EQ(left_twice.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  client_.reset();
}

TEST_F(RedisClientTest, OversizedAnswersEndTheConnection) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    Greet(socket);
    if (socket.ReadUntil("PING\r\n").empty()) return;
    socket.Send("$100000\r\n" + std::string(100'000, 'x'));
    socket.ReadAll();
  });
  Make(peer.port(), {.reply_bytes_max = 1000});
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  const auto answer = client_->CallBlocking({"PING"});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("more than 1000 bytes"));
  client_.reset();
}

TEST_F(RedisClientTest, ASilentPeerIsLeft) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    Greet(socket);
    socket.ReadAll();
  });
  Make(peer.port(), {.command_timeout = absl::Milliseconds(20), .silence_max = absl::Seconds(1)});
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  std::promise<void> second;
  client_->OnConnected([&](const RedisServerInfo& server) {
    if (server.connection == 2) second.set_value();
  });
  EXPECT_EQ(client_->CallBlocking({"PING"}).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->pending(), 1u);  // Its answer may still come.
  EXPECT_EQ(second.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(client_->pending(), 0u);
  client_.reset();
}

TEST_F(RedisClientTest, ASilentGreetingIsATimeout) {
  ScriptedPeer peer([](TestSocket& socket, int) { socket.ReadAll(); });
  Make(peer.port(), {.connect_timeout = absl::Milliseconds(50)});
  EXPECT_FALSE(client_->WaitConnected(absl::Milliseconds(200)).ok());
  client_.reset();
}

TEST_F(RedisClientTest, TooMuchPendingIsRefusedAtOnce) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    Greet(socket);
    socket.ReadAll();
  });
  Make(peer.port(), {.pending_max = 2, .pending_bytes_max = 100});
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  std::atomic<int> cancelled = 0;
  const auto count = [&](const absl::StatusOr<RedisReply>& result) {
    if (absl::IsCancelled(result.status())) ++cancelled;
  };
  client_->Send({"PING"}, count);
  EXPECT_EQ(client_->CallBlocking({"SET", "k", std::string(100, 'x')}).status().code(),
            absl::StatusCode::kResourceExhausted);
  client_->Send({"PING"}, count);
  EXPECT_EQ(client_->CallBlocking({"PING"}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(client_->pending(), 2u);
  std::promise<void> last;
  client_.reset();
  boost::asio::post(io_.context(), [&] { last.set_value(); });
  last.get_future().wait();
}

TEST_F(RedisClientTest, WhatIsPendingEndsWithTheClient) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    Greet(socket);
    socket.ReadAll();
  });
  Make(peer.port());
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  std::promise<absl::StatusCode> ended;
  client_->Send({"PING"}, [&](const absl::StatusOr<RedisReply>& result) {
    ended.set_value(result.status().code());
  });
  client_.reset();
  EXPECT_EQ(ended.get_future().get(), absl::StatusCode::kCancelled);
}

TEST_F(RedisClientTest, WhatLeavesSoonGoesBeforeTheNextCommand) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    Greet(socket);
    const std::string asked = socket.ReadUntil("GET\r\n$1\r\nk\r\n");
    const bool in_order = asked.find("SET") < asked.find("GET");
    socket.Send(in_order ? "+OK\r\n$1\r\n1\r\n" : "-ERR the other way round\r\n$-1\r\n");
    socket.ReadAll();
  });
  Make(peer.port());
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  std::string wire;
  AppendRedisCommand({"SET", "k", "1"}, wire);
  client_->SendSoon(std::move(wire), 1);
  const auto answer = client_->CallBlocking({"GET", "k"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->text, "1");
  client_.reset();
}

TEST_F(RedisClientTest, WhatLeavesSoonNeedsNoOtherCommand) {
  std::promise<std::string> got;
  ScriptedPeer peer([&](TestSocket& socket, int) {
    Greet(socket);
    got.set_value(socket.ReadUntil("k\r\n$1\r\n1\r\n"));
    socket.ReadAll();
  });
  Make(peer.port());
  ASSERT_TRUE(client_->WaitConnected(absl::Seconds(20)).ok());
  std::string wire;
  AppendRedisCommand({"SET", "k", "1"}, wire);
  client_->SendSoon(std::move(wire), 1);
  std::future<std::string> asked = got.get_future();
  ASSERT_EQ(asked.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_THAT(asked.get(), HasSubstr("SET"));
  client_.reset();
}

TEST_F(RedisClientTest, CommandsThatWouldBreakTheOrderAreRefused) {
  Make(1);
  for (const char* name : {"SUBSCRIBE", "monitor", "Quit", "HELLO", "SELECT", "AUTH", "MULTI"}) {
    EXPECT_EQ(client_->CallBlocking({name}).status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_EQ(client_->CallBlocking({}).status().code(), absl::StatusCode::kInvalidArgument);
  const auto batch = client_->CallBatchBlocking({{"PING"}, {"SUBSCRIBE", "x"}});
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(client_->CallBatchBlocking({}).empty());
}

TEST_F(RedisClientTest, TransactionsThatAreNotWholeAreRefused) {
  Make(1);
  const std::vector<std::vector<RedisCommand>> wrong = {{{"MULTI"}, {"PING"}},
                                                        {{"PING"}, {"EXEC"}},
                                                        {{"multi"}, {"MULTI"}, {"EXEC"}},
                                                        {{"MULTI"}, {"EXEC"}, {"DISCARD"}}};
  for (const auto& commands : wrong) {
    const auto results = client_->CallBatchBlocking(commands);
    ASSERT_EQ(results.size(), commands.size());
    EXPECT_EQ(results[0].status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(RedisClientTest, ScriptsWithoutOneCommonTagAreRefused) {
  Make(1);
  const RedisScript script("return 1");
  EXPECT_EQ(client_->CallScriptBlocking(script, {"x"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->CallScriptBlocking(script, {"{a}", "{b}"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RedisClientTest, UnusableOptionsAreNamed) {
  const auto code = [this](RedisOptions options) {
    return RedisClient::Create(io_.context(), std::move(options)).status().code();
  };
  EXPECT_EQ(code({.command_timeout = absl::ZeroDuration()}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.pending_max = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.tls = TlsClientOptions{"/nowhere.pem", "", ""}}),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trama::platform
