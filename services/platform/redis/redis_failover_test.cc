#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/testing/test_certificates.h"
#include "services/platform/redis/redis_client.h"
#include "services/platform/redis/redis_flags.h"
#include "services/platform/redis/redis_key.h"
#include "services/platform/redis/redis_metrics.h"
#include "services/platform/redis/testing/redis_fixture.h"

// The client with a primary and a replica that change places, and with a Redis that does not
// answer: real redis-server processes.
namespace trama::platform {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kFailoverWait = absl::Seconds(20);
constexpr absl::Duration kBackoffMax = absl::Milliseconds(100);

class RedisFailoverTest : public ::testing::Test {
 protected:
  void TearDown() override {
    client_.reset();
    io_.Stop();
  }

  std::unique_ptr<RedisProcess> Start(RedisProcess::Options options = {}) {
    auto started = RedisProcess::Start(std::move(options));
    EXPECT_TRUE(started.ok()) << started.status();
    return *std::move(started);
  }

  // A primary and its replica; the client is told of the replica first.
  void StartPair() {
    first_ = Start();
    second_ =
        Start({.arguments = {"--replicaof", absl::StrCat("127.0.0.1 ", first_->port()),
                             "--repl-diskless-sync-delay", "0", "--repl-diskless-load", "swapdb"}});
    Make({.port = second_->port(), .others = {{"127.0.0.1", first_->port()}}});
    ASSERT_TRUE(client_->WaitConnected(kFailoverWait).ok());
    ASSERT_EQ(client_->server().address, first_->address());
  }

  void Make(RedisOptions options) {
    options.backoff_max = kBackoffMax;
    options.metrics = &metrics_;
    auto client = RedisClient::Create(io_.context(), std::move(options));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  // Repeats the command until it succeeds.
  std::string Eventually(const RedisCommand& command) {
    const absl::Time until = absl::Now() + kFailoverWait;
    absl::StatusOr<RedisReply> reply;
    do {
      client_->WaitConnected(absl::Milliseconds(100)).IgnoreError();
      reply = client_->CallBlocking(command);
    } while (!reply.ok() && absl::Now() < until);
    return reply.ok() ? reply->DebugString() : reply.status().ToString();
  }

  // Calls until `wanted` is the answer's code.
  absl::Status CallUntil(absl::StatusCode wanted) {
    const absl::Time until = absl::Now() + kFailoverWait;
    absl::Status status;
    do {
      status = client_->CallBlocking({"PING"}).status();
    } while (status.code() != wanted && absl::Now() < until);
    return status;
  }

  IoThreads io_{2};
  Metrics metrics_;
  std::unique_ptr<RedisProcess> first_;
  std::unique_ptr<RedisProcess> second_;
  std::unique_ptr<RedisClient> client_;
};

TEST_F(RedisFailoverTest, ThePromotedReplicaIsFound) {
  StartPair();
  const RedisScript script("return redis.call('INCR', KEYS[1])");
  const std::string key = RedisKey("demo", "n");
  ASSERT_EQ(client_->CallScriptBlocking(script, {key}, {})->integer, 1);
  ASSERT_EQ(client_->CallBlocking({"WAIT", "1", "20000"}, kFailoverWait)->integer, 1);
  const std::string run_id = client_->server().run_id;

  first_->Kill();
  EXPECT_EQ(second_->Tell("REPLICAOF NO ONE"), "+OK");
  EXPECT_EQ(Eventually({"GET", key}), "\"1\"");
  EXPECT_EQ(client_->server().address, second_->address());
  EXPECT_NE(client_->server().run_id, run_id);
  // The other server has never seen the script.
  const auto again = client_->CallScriptBlocking(script, {key}, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->integer, 2);
}

TEST_F(RedisFailoverTest, WithoutAPrimaryCallsFailAtOnceAndSayWhy) {
  StartPair();
  first_->Kill();
  EXPECT_EQ(CallUntil(absl::StatusCode::kUnavailable).code(), absl::StatusCode::kUnavailable);
  const absl::Status waited = client_->WaitConnected(absl::Milliseconds(300));
  EXPECT_EQ(waited.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(waited.message()), HasSubstr(second_->address()));
}

TEST_F(RedisFailoverTest, APrimaryThatWasMadeAReplicaIsLeft) {
  StartPair();
  ASSERT_EQ(client_->CallBlocking({"WAIT", "1", "20000"}, kFailoverWait)->integer, 1);
  EXPECT_EQ(second_->Tell("REPLICAOF NO ONE"), "+OK");
  EXPECT_EQ(first_->Tell(absl::StrCat("REPLICAOF 127.0.0.1 ", second_->port())), "+OK");
  const absl::Status refused = client_->CallBlocking({"SET", "k", "v"}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_EQ(Eventually({"SET", "k", "v"}), "OK");
  EXPECT_EQ(client_->server().address, second_->address());
}

TEST_F(RedisFailoverTest, AnOldPrimaryWithoutReplicasIsLeftForTheNewOne) {
  first_ = Start({.arguments = {"--min-replicas-to-write", "1"}});
  second_ = Start();
  Make({.port = first_->port(), .others = {{"127.0.0.1", second_->port()}}});
  ASSERT_TRUE(client_->WaitConnected(kFailoverWait).ok());
  ASSERT_EQ(client_->server().address, first_->address());
  const absl::Status refused = client_->CallBlocking({"SET", "k", "v"}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_EQ(Eventually({"SET", "k", "v"}), "OK");
  EXPECT_EQ(client_->server().address, second_->address());
}

TEST_F(RedisFailoverTest, TheOnlyPrimaryIsNotLeftAgainAndAgainForWantOfReplicas) {
  StartPair();
  EXPECT_EQ(first_->Tell("CONFIG SET min-replicas-to-write 2"), "+OK");
  const absl::Time begun = absl::Now();
  while (absl::Now() < begun + absl::Milliseconds(500)) {
    client_->WaitConnected(kFailoverWait).IgnoreError();
    EXPECT_TRUE(absl::IsUnavailable(client_->CallBlocking({"SET", "k", "v"}).status()));
  }
  const int64_t more = client_->server().connection - 1;
  EXPECT_GE(more, 1);
  EXPECT_LE(more, (absl::Now() - begun) / kBackoffMax + 1);
  EXPECT_EQ(client_->server().address, first_->address());
}

TEST_F(RedisFailoverTest, TheCircuitOpensWhenNobodyAnswersAndClosesWithTheFirstAnswer) {
  first_ = Start();
  Make({.port = first_->port(),
        .command_timeout = absl::Milliseconds(20),
        .silence_max = absl::Minutes(5),
        .circuit = {.failures_max = 3, .open_min = absl::Milliseconds(100)}});
  ASSERT_TRUE(client_->WaitConnected(kFailoverWait).ok());
  first_->Pause();
  const absl::Status refused = CallUntil(absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("again and again"));
  EXPECT_EQ(RedisMetrics(metrics_).circuit_open->Value(), 1);
  EXPECT_EQ(RedisMetrics(metrics_).connected->Value(), 1);

  first_->Resume();
  const absl::Status again = CallUntil(absl::StatusCode::kOk);
  EXPECT_TRUE(again.ok()) << again;
  EXPECT_EQ(RedisMetrics(metrics_).circuit_open->Value(), 0);
  EXPECT_EQ(client_->server().connection, 1);
  EXPECT_THAT(metrics_.Exposition(), HasSubstr("trama_redis_refused_total{reason=\"circuit\"}"));
}

// TLS, a user with few rights and the password from a file, all from settings.
TEST_F(RedisFailoverTest, SettingsGetIntoASecuredRedis) {
  const TestCertificates certificates;
  TempFolder folder;
  const std::string password = folder.Write("password", "s3cret\n");
  first_ = Start({.arguments = {"--user", "default", "off", "--user", "trama", "on", ">s3cret",
                                "~trama:*", "+@all", "-@admin", "-@dangerous", "+info"},
                  .tls_certificate_file = certificates.certificate_file(),
                  .tls_key_file = certificates.key_file(),
                  .tls_ca_file = certificates.ca_file()});
  const absl::FlagSaver saver;
  absl::SetFlag(&FLAGS_redis, first_->address());
  absl::SetFlag(&FLAGS_redis_username, "trama");
  absl::SetFlag(&FLAGS_redis_password, "file:" + password);
  absl::SetFlag(&FLAGS_redis_tls, true);
  absl::SetFlag(&FLAGS_redis_ca_file, certificates.ca_file());
  Mistakes mistakes;
  CheckRedisFlags(mistakes);
  EXPECT_THAT(mistakes.lines(), ::testing::IsEmpty());
  auto options = RedisOptionsFromFlags(&metrics_);
  ASSERT_TRUE(options.ok()) << options.status();
  Make(*options);
  ASSERT_TRUE(client_->WaitConnected(kFailoverWait).ok());
  EXPECT_EQ(Eventually({"SET", RedisKey("demo", "k"), "v"}), "OK");
  EXPECT_EQ(client_->CallBlocking({"SET", "elsewhere", "v"}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(client_->CallBlocking({"FLUSHALL"}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(client_->server().run_id.empty());
}

}  // namespace
}  // namespace trama::platform
