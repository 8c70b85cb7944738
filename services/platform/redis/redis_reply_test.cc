#include "services/platform/redis/redis_reply.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/redis/redis_client.h"
#include "services/platform/redis/redis_connection.h"
#include "services/platform/redis/redis_key.h"
#include "services/platform/redis/redis_pipeline.h"
#include "services/platform/redis/redis_script.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

TEST(RedisReply, ValuesAreReadByType) {
  RedisReply integer{.type = RedisReply::Type::kInteger, .integer = 7};
  RedisReply digits{.type = RedisReply::Type::kString, .text = "-12"};
  RedisReply word{.type = RedisReply::Type::kString, .text = "x"};
  EXPECT_EQ(*integer.AsInteger(), 7);
  EXPECT_EQ(*digits.AsInteger(), -12);
  EXPECT_EQ(*word.AsString(), "x");
  EXPECT_EQ(word.AsInteger().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(integer.AsString().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(std::move(word).AsArray().status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(RedisReply().AsArray()->empty());
}

TEST(RedisErrorStatus, PassingTroublesAreUnavailable) {
  for (const char* error : {"LOADING Redis is loading the dataset in memory", "BUSY x",
                            "MASTERDOWN x", "CLUSTERDOWN x", "TRYAGAIN x", "READONLY x"}) {
    EXPECT_EQ(RedisErrorStatus(error).code(), absl::StatusCode::kUnavailable) << error;
  }
  EXPECT_EQ(RedisErrorStatus("OOM x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RedisErrorStatus("WRONGPASS x").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(RedisErrorStatus("NOPERM x").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(RedisErrorStatus("WRONGTYPE x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RedisErrorStatus("ERR syntax error").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RedisErrorStatus("STALE by our script").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RedisErrorStatus("").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RedisErrorStatus, ArgumentsAreNotRepeated) {
  const absl::Status status =
      RedisErrorStatus("ERR unknown command 'FOO', with args beginning with: 'anna@example.org' ");
  EXPECT_THAT(MessageOf(status), HasSubstr("FOO"));
  EXPECT_THAT(MessageOf(status), Not(HasSubstr("anna")));
}

TEST(RedisKey, PartsCannotForgeATag) {
  EXPECT_EQ(RedisKey("demo", "customer", std::string("42")), "trama:{demo}:customer:42");
  EXPECT_EQ(RedisKey("a}b", "x:y", "{z}", "50%"), "trama:{a%7Db}:x%3Ay:%7Bz%7D:50%25");
  EXPECT_EQ(RedisHashTag(RedisKey("a}b", "{c}")), "a%7Db");
  EXPECT_NE(RedisKey("a", "b:c"), RedisKey("a", "b", "c"));
}

TEST(RedisKey, AKeyWithoutATagEndsTheProcess) { EXPECT_DEATH(RedisKey("", "x"), "tag"); }

TEST(RedisKey, KeysWithoutOneCommonTagAreRefused) {
  EXPECT_TRUE(CheckRedisKeys({}).ok());
  EXPECT_TRUE(CheckRedisKeys({"trama:{a}:x", "{a}"}).ok());
  for (const char* key : {"x", "{}", "{x", "}x{", "{}{x}"}) {
    EXPECT_FALSE(CheckRedisKeys({key}).ok()) << key;
  }
  EXPECT_FALSE(CheckRedisKeys({"{a}", "{b}"}).ok());
}

TEST(RedisScript, ItsNameIsTheSha1OfItsSource) {
  EXPECT_EQ(RedisScript("return 1").sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST(RedisInfo, RunIdAndVersionAreFound) {
  const RedisServerInfo info = ParseRedisInfo(
      "# Server\r\nredis_version:7.0.15\r\nx_run_id:no\r\nrun_id:abc\r\ntcp_port:1\r\n");
  EXPECT_EQ(info.run_id, "abc");
  EXPECT_EQ(info.version, "7.0.15");
  EXPECT_EQ(ParseRedisInfo("").run_id, "");
  EXPECT_EQ(ParseRedisInfo("x_run_id:no").run_id, "");
}

TEST(RedisPipeline, ExpiredCommandsStillTakeTheirAnswer) {
  const auto at = [](int ms) { return RedisPipeline::TimePoint() + std::chrono::milliseconds(ms); };
  std::string order;
  RedisPipeline pipeline;
  for (const auto& [name, deadline] : {std::pair('a', 30), {'b', 10}, {'c', 20}}) {
    pipeline.Push({.callback = [&order, name = name](const auto&) { order += name; },
                   .sent_at = at(0),
                   .deadline = at(deadline)});
  }
  EXPECT_EQ(pipeline.next_deadline(), at(10));
  for (const auto& callback : pipeline.Expire(at(20))) callback(absl::DeadlineExceededError(""));
  EXPECT_EQ(order, "bc");
  EXPECT_EQ(pipeline.next_deadline(), at(30));
  EXPECT_TRUE(pipeline.Pop().callback != nullptr);
  EXPECT_TRUE(pipeline.Pop().callback == nullptr);
  EXPECT_TRUE(pipeline.Expire(at(99)).empty());
  EXPECT_EQ(pipeline.size(), 1u);
  EXPECT_EQ(pipeline.next_deadline(), RedisPipeline::TimePoint::max());
}

TEST(RedisAddress, HostAndPortAloneAreEnough) {
  const auto plain = ParseRedisAddress("cache.local:6380");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->host, "cache.local");
  EXPECT_EQ(plain->port, 6380);
  EXPECT_FALSE(plain->tls.has_value());
  const auto v6 = ParseRedisAddress("[::1]:7000");
  ASSERT_TRUE(v6.ok()) << v6.status();
  EXPECT_EQ(v6->host, "::1");
}

TEST(RedisAddress, UrlsCarryTheRest) {
  const auto url = ParseRedisAddress("rediss://ana:p%40ss@cache.local/3");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->username, "ana");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->host, "cache.local");
  EXPECT_EQ(url->port, 6379);
  EXPECT_EQ(url->database, 3);
  EXPECT_TRUE(url->tls.has_value());
}

TEST(RedisAddress, SeveralServersMayStandInIt) {
  for (const char* text : {"redis-0.redis:6379,redis-1.redis,10.0.0.3:7000",
                           "redis://:pw@redis-0.redis,redis-1.redis,10.0.0.3:7000/1"}) {
    const auto several = ParseRedisAddress(text);
    ASSERT_TRUE(several.ok()) << several.status();
    EXPECT_EQ(several->host, "redis-0.redis");
    EXPECT_THAT(several->others, ::testing::ElementsAre(ServerAddress{"redis-1.redis", 6379},
                                                        ServerAddress{"10.0.0.3", 7000}));
  }
}

TEST(RedisAddress, MistakesAreRefusedWithoutThePassword) {
  for (const char* text :
       {"", "a:1,", ",a:1", "redis://", "redis://:secret@", "redis://:secret@h:x/0",
        "redis://:secret@h:1/x", "redis://:secret%zz@h:1", "h:99999"}) {
    const auto parsed = ParseRedisAddress(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(MessageOf(parsed.status()), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace trama::platform
