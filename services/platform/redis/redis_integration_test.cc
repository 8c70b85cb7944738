#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/testing/test_certificates.h"
#include "services/platform/redis/redis_client.h"
#include "services/platform/redis/redis_key.h"
#include "services/platform/redis/testing/redis_fixture.h"

// The client against a real redis-server.
namespace trama::platform {
namespace {

using ReplyOr = absl::StatusOr<RedisReply>;
using ::testing::HasSubstr;

constexpr absl::Duration kWaitMax = absl::Seconds(20);

class RedisIntegrationTest : public ::testing::Test {
 protected:
  void TearDown() override {
    client_.reset();
    io_.Stop();
  }

  void Start(RedisProcess::Options process = {}, RedisOptions options = {}) {
    auto started = RedisProcess::Start(std::move(process));
    ASSERT_TRUE(started.ok()) << started.status();
    redis_ = *std::move(started);
    Make(std::move(options));
  }

  void Make(RedisOptions options = {}) {
    options.port = redis_->port();
    options.backoff_max = absl::Milliseconds(100);
    auto client = RedisClient::Create(io_.context(), std::move(options));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    client_->OnConnected([this](const RedisServerInfo& server) {
      const std::lock_guard lock(mutex_);
      runs_.push_back(server.run_id);
      changed_.notify_all();
    });
  }

  void Connected() {
    const absl::Status connected = client_->WaitConnected(kWaitMax);
    ASSERT_TRUE(connected.ok()) << connected;
  }

  // Waits until that many connections have been made, and gives their run ids.
  std::vector<std::string> WaitForConnections(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, absl::ToChronoSeconds(kWaitMax),
                                  [&] { return runs_.size() >= count; }));
    const std::vector<std::string> runs = runs_;
    lock.unlock();
    Connected();
    return runs;
  }

  std::string Show(RedisCommand command) {
    const ReplyOr reply = client_->CallBlocking(std::move(command));
    return reply.ok() ? reply->DebugString() : reply.status().ToString();
  }

  IoThreads io_{2};
  std::unique_ptr<RedisProcess> redis_;
  std::unique_ptr<RedisClient> client_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> runs_;  // Guarded by mutex_.
};

TEST_F(RedisIntegrationTest, EveryKindOfAnswer) {
  Start();
  Connected();
  EXPECT_EQ(Show({"SET", "k", std::string("a\0\r\n", 4)}), "OK");
  EXPECT_EQ(Show({"GET", "k"}), "\"a\\000\\r\\n\"");
  EXPECT_EQ(Show({"GET", "missing"}), "nil");
  EXPECT_EQ(Show({"INCR", "n"}), "1");
  EXPECT_EQ(Show({"MGET", "n", "missing"}), "[\"1\", nil]");
  EXPECT_EQ(client_->CallBlocking({"LPUSH", "k", "x"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(client_->CallBlocking({"NOSUCH"}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->server().run_id.size(), 40u);
  EXPECT_FALSE(client_->server().version.empty());
}

TEST_F(RedisIntegrationTest, TenThousandPipelinedCommandsKeepTheirOrder) {
  Start({}, {.command_timeout = absl::Seconds(20)});
  Connected();
  constexpr int kCommands = 10'000;
  std::atomic<int> next = 0;
  std::atomic<int> wrong = 0;
  std::promise<void> all;
  for (int i = 0; i < kCommands; ++i) {
    client_->Send({"INCR", "counter"}, [&, i](const ReplyOr& reply) {
      if (!reply.ok() || reply->integer != i + 1 || next != i) ++wrong;
      if (++next == kCommands) all.set_value();
    });
  }
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(client_->pending(), 0u);
}

TEST_F(RedisIntegrationTest, ManyThreadsGetTheirOwnAnswers) {
  Start({}, {.command_timeout = absl::Seconds(20)});
  Connected();
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 250; ++i) {
        const std::string text = absl::StrCat(thread, "/", i);
        const ReplyOr reply = client_->CallBlocking({"ECHO", text});
        if (reply.ok() && reply->text == text) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 2000);
}

TEST_F(RedisIntegrationTest, LargeValuesComeBackWhole) {
  Start({}, {.command_timeout = absl::Seconds(20)});
  Connected();
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(Show({"SET", "k", large}), "OK");
  const ReplyOr reply = client_->CallBlocking({"GET", "k"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text, large);
}

TEST_F(RedisIntegrationTest, CoroutinesWaitForAnswers) {
  Start();
  Connected();
  const RedisScript script("return {KEYS[1], ARGV[1]}");
  auto story = [&]() -> Awaitable<std::string> {
    RedisCommand set = {"SET", "k", "v"};
    const ReplyOr stored = co_await client_->Call(std::move(set));
    std::vector<RedisCommand> commands = {{"GET", "k"}, {"GET", "missing"}};
    const std::vector<ReplyOr> batch = co_await client_->CallBatch(std::move(commands));
    std::vector<std::string> keys = {"{t}k"};
    std::vector<std::string> args = {"a"};
    const ReplyOr ran = co_await client_->CallScript(script, std::move(keys), std::move(args));
    co_return absl::StrCat(stored->DebugString(), batch[0]->DebugString(), batch[1]->DebugString(),
                           ran->DebugString());
  };
  std::promise<std::string> done;
  boost::asio::co_spawn(io_.context(), story(), [&](std::exception_ptr, std::string told) {
    done.set_value(std::move(told));
  });
  EXPECT_EQ(done.get_future().get(), "OK\"v\"nil[\"{t}k\", \"a\"]");
}

TEST_F(RedisIntegrationTest, ABatchIsNotInterrupted) {
  Start();
  Connected();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string key = absl::StrCat("k", thread);
      for (int i = 0; i < 50; ++i) {
        const auto results = client_->CallBatchBlocking(
            {{"MULTI"}, {"SET", key, absl::StrCat(i)}, {"GET", key}, {"EXEC"}});
        if (results.size() == 4 && results[3].ok() &&
            results[3]->DebugString() == absl::StrCat("[OK, \"", i, "\"]")) {
          ++good;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

TEST_F(RedisIntegrationTest, ErrorsInsideATransactionStandInItsArray) {
  Start();
  Connected();
  const auto results =
      client_->CallBatchBlocking({{"MULTI"}, {"SET", "k", "v"}, {"LPUSH", "k", "x"}, {"EXEC"}});
  ASSERT_TRUE(results[3].ok()) << results[3].status();
  ASSERT_EQ(results[3]->elements.size(), 2u);
  EXPECT_TRUE(results[3]->elements[1].is_error());
  EXPECT_EQ(results[3]->elements[1].AsInteger().status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RedisIntegrationTest, ScriptsAreLoadedWhenRedisDoesNotKnowThem) {
  Start();
  Connected();
  const RedisScript script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  const std::string key = RedisKey("demo", "n");
  const auto run = [&] { return client_->CallScriptBlocking(script, {key}, {"5"}); };
  EXPECT_EQ(run()->integer, 5);
  EXPECT_EQ(run()->integer, 10);
  EXPECT_EQ(Show({"SCRIPT", "FLUSH"}), "OK");
  EXPECT_EQ(run()->integer, 15);
  EXPECT_EQ(run()->integer, 20);
}

TEST_F(RedisIntegrationTest, PipelinedRunsOfANewScriptKeepTheirOrder) {
  Start();
  Connected();
  const RedisScript script("return redis.call('APPEND', KEYS[1], ARGV[1])");
  const std::string key = RedisKey("demo", "order");
  std::atomic<int> missing = 26;
  std::promise<void> all;
  std::string alphabet;
  for (char c = 'a'; c <= 'z'; ++c) {
    alphabet.push_back(c);
    client_->SendScript(script, {key}, {std::string(1, c)}, [&](const ReplyOr&) {
      if (--missing == 0) all.set_value();
    });
  }
  all.get_future().wait();
  EXPECT_EQ(Show({"GET", key}), absl::StrCat("\"", alphabet, "\""));
}

TEST_F(RedisIntegrationTest, AScriptsErrorIsAFailedPrecondition) {
  Start();
  Connected();
  const RedisScript own("return redis.error_reply('STALE version 3')");
  const auto stale = client_->CallScriptBlocking(own, {"{a}"}, {});
  EXPECT_EQ(stale.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(stale.status().message()), HasSubstr("STALE"));
  const RedisScript bug("return nothing.here");
  EXPECT_EQ(client_->CallScriptBlocking(bug, {"{a}"}, {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RedisIntegrationTest, ATimedOutCommandDoesNotShiftTheAnswers) {
  Start();
  Connected();
  std::promise<absl::StatusCode> slept;
  client_->Send(
      {"DEBUG", "SLEEP", "0.5"},
      [&](const ReplyOr& reply) { slept.set_value(reply.status().code()); },
      absl::Milliseconds(50));
  std::promise<std::string> echoed;
  client_->Send(
      {"ECHO", "mine"}, [&](const ReplyOr& reply) { echoed.set_value(reply->DebugString()); },
      absl::Seconds(20));
  EXPECT_EQ(slept.get_future().get(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(echoed.get_future().get(), "\"mine\"");
  EXPECT_EQ(client_->server().connection, 1);
}

TEST_F(RedisIntegrationTest, ItComesBackAfterTheServerWasKilled) {
  Start();
  Connected();
  redis_->Kill();
  EXPECT_EQ(client_->CallBlocking({"PING"}).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(redis_->Restart().ok());
  const std::vector<std::string> runs = WaitForConnections(2);
  EXPECT_EQ(Show({"PING"}), "PONG");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_NE(runs[0], runs[1]);
  EXPECT_EQ(runs[1], client_->server().run_id);
}

TEST_F(RedisIntegrationTest, WhatWasOnItsWayWhenTheServerDiedEnds) {
  Start();
  Connected();
  std::promise<absl::StatusCode> ended;
  client_->Send(
      {"DEBUG", "SLEEP", "60"},
      [&](const ReplyOr& reply) { ended.set_value(reply.status().code()); }, absl::Seconds(60));
  redis_->Kill();
  EXPECT_EQ(ended.get_future().get(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_->pending(), 0u);
}

TEST_F(RedisIntegrationTest, ScriptsWorkAfterAReconnect) {
  Start();
  Connected();
  const RedisScript script("return ARGV[1]");
  EXPECT_TRUE(client_->CallScriptBlocking(script, {"{a}"}, {"x"}).ok());
  redis_->Kill();
  ASSERT_TRUE(redis_->Restart().ok());
  WaitForConnections(2);
  const auto reply = client_->CallScriptBlocking(script, {"{a}"}, {"x"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text, "x");
}

TEST_F(RedisIntegrationTest, PasswordsAndUsersAreUsed) {
  Start({.arguments = {"--requirepass", "s3cret", "--user", "ana", "on", ">pw", "~*", "+@all"}},
        {.password = "s3cret", .database = 3});
  Connected();
  EXPECT_EQ(Show({"SET", "k", "v"}), "OK");
  Make({.username = "ana", .password = "pw", .database = 3});
  Connected();
  EXPECT_EQ(Show({"GET", "k"}), "\"v\"");
  EXPECT_EQ(Show({"ACL", "WHOAMI"}), "\"ana\"");
}

TEST_F(RedisIntegrationTest, AWrongPasswordIsSaidWhenWaiting) {
  Start({.arguments = {"--requirepass", "s3cret"}}, {.password = "wrong"});
  const absl::Status wrong = client_->WaitConnected(absl::Milliseconds(300));
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("WRONGPASS"));
  Make();
  const absl::Status none = client_->WaitConnected(absl::Milliseconds(300));
  EXPECT_THAT(std::string(none.message()), HasSubstr("NOAUTH"));
}

TEST_F(RedisIntegrationTest, AReplicaIsLeftUntilItIsAPrimaryAgain) {
  Start();
  Connected();
  EXPECT_EQ(Show({"REPLICAOF", "127.0.0.1", "1"}), "OK");
  EXPECT_EQ(client_->CallBlocking({"SET", "k", "v"}).status().code(),
            absl::StatusCode::kUnavailable);
  const absl::Time until = absl::Now() + kWaitMax;
  absl::Status away;
  while (away.ok() && absl::Now() < until) away = client_->WaitConnected(absl::Milliseconds(100));
  EXPECT_THAT(std::string(away.message()), HasSubstr("replica"));
  EXPECT_EQ(redis_->Tell("REPLICAOF NO ONE"), "+OK");
  WaitForConnections(2);
  EXPECT_EQ(Show({"SET", "k", "v"}), "OK");
}

TEST_F(RedisIntegrationTest, TlsIsVerified) {
  const TestCertificates certificates;
  Start({.tls_certificate_file = certificates.certificate_file(),
         .tls_key_file = certificates.key_file(),
         .tls_ca_file = certificates.ca_file()},
        {.tls = TlsClientOptions{.ca_file = certificates.ca_file()},
         .command_timeout = absl::Seconds(20)});
  Connected();
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(Show({"SET", "k", large}), "OK");
  EXPECT_EQ(client_->CallBlocking({"GET", "k"})->text, large);
  Make({.tls = TlsClientOptions{}});
  const absl::Status refused = client_->WaitConnected(absl::Milliseconds(300));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("certificate verify failed"));
}

TEST_F(RedisIntegrationTest, APausedServerIsLeftAndFoundAgain) {
  Start({}, {.connect_timeout = absl::Milliseconds(500),
             .command_timeout = absl::Milliseconds(50),
             .silence_max = absl::Milliseconds(500),
             .circuit = {.failures_max = 1'000'000}});
  Connected();
  redis_->Pause();
  EXPECT_EQ(client_->CallBlocking({"PING"}).status().code(), absl::StatusCode::kDeadlineExceeded);
  const absl::Time until = absl::Now() + kWaitMax;
  absl::Status status;
  while (!absl::IsUnavailable(status) && absl::Now() < until) {
    status = client_->CallBlocking({"PING"}).status();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  redis_->Resume();
  WaitForConnections(2);
  EXPECT_EQ(Show({"PING"}), "PONG");
}

}  // namespace
}  // namespace trama::platform
