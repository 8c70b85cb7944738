#include "services/platform/redis/redis_protocol.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

constexpr size_t kReplyBytesMax = 1024 * 1024;

// All replies in `bytes`, fed `step` bytes at a time; "!" for an error.
std::string Read(std::string_view bytes, size_t step = 1, size_t reply_bytes_max = kReplyBytesMax) {
  RedisReplyReader reader(reply_bytes_max);
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (!reader.Feed(bytes.substr(at, step)).ok()) return out + "!";
    while (true) {
      auto next = reader.Next();
      if (!next.ok()) return out + "!";
      if (!next->has_value()) break;
      out += (*next)->DebugString() + ";";
    }
  }
  return out;
}

TEST(RedisProtocol, CommandsAreFormattedWithTheirLengths) {
  std::string out;
  AppendRedisCommand({"SET", "k", std::string("a\0\r\nb", 5)}, out);
  EXPECT_EQ(out, std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\0\r\nb\r\n", 31));
}

TEST(RedisProtocol, EveryTypeIsReadInAnySlices) {
  const std::string bytes =
      "+OK\r\n:-42\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n-ERR no\r\n"
      "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n-E\r\n$-1\r\n";
  const std::string expected =
      "OK;-42;\"a\\r\\nbc\";\"\";nil;nil;[];error ERR no;[1, [\"x\", error E], nil];";
  for (const size_t step : {1u, 2u, 3u, 7u, 1000u}) EXPECT_EQ(Read(bytes, step), expected) << step;
}

TEST(RedisProtocol, MalformedBytesAreAnError) {
  for (const char* bytes : {"hello\r\n", "?\r\n", "$abc\r\n", "*x\r\n", ":\r\n", ":1x\r\n", "\r\n",
                            "$99999999999999999999\r\n", "*99999999999999999999\r\n",
                            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
                            "%1\r\n+a\r\n+b\r\n", "HTTP/1.1 400 Bad Request\r\n"}) {
    EXPECT_EQ(Read(bytes), "!") << bytes;
  }
}

TEST(RedisProtocol, AnAnnouncedMountainTakesNoMemoryBeforeItComes) {
  EXPECT_EQ(Read("*2147483647\r\n:1\r\n:2\r\n"), "");
  EXPECT_EQ(Read("$536870912\r\nabc"), "");
}

TEST(RedisProtocol, RepliesBeyondTheLimitAreAnError) {
  const std::string element = "$100\r\n" + std::string(100, 'x') + "\r\n";
  std::string array = "*100\r\n";
  for (int i = 0; i < 20; ++i) array += element;
  EXPECT_EQ(Read(array, 50, 1000), "!");
  EXPECT_EQ(Read("$5000\r\n" + std::string(2000, 'x'), 50, 1000), "!");
  const std::string whole = "$2000\r\n" + std::string(2000, 'x') + "\r\n";
  EXPECT_EQ(Read(whole, 5000, 1000), "!") << "also when it comes at once";
  // Many small ones are none of its business.
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "+OK\r\n";
  EXPECT_EQ(Read(many, 50, 1000).size(), 3000u);
}

TEST(RedisProtocol, RandomBytesNeverCrashIt) {
  std::mt19937 random(7);
  const std::string valid =
      "*3\r\n:1\r\n*2\r\n$3\r\nabc\r\n-E\r\n$-1\r\n+OK\r\n$10\r\n0123456789\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = valid;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(
          random() % 2 == 0 ? random() % 256 : static_cast<unsigned>("*$:+-\r\n09"[random() % 9]));
    }
    Read(bytes, 1 + random() % 8, 10'000);
  }
}

}  // namespace
}  // namespace trama::platform
