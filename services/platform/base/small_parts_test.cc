#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/trace_context.h"
#include "services/platform/base/background.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/drawn_id.h"
#include "services/platform/base/server_address.h"
#include "services/platform/base/trace.h"
#include "services/platform/base/watched_file.h"

namespace trama::platform {
namespace {

TEST(ServerAddressTest, ReadsNamesAndBothKindsOfAddresses) {
  EXPECT_EQ(*ParseServerAddress("kafka-0.kafka:9092"), (ServerAddress{"kafka-0.kafka", 9092}));
  EXPECT_EQ(*ParseServerAddress("127.0.0.1:65535"), (ServerAddress{"127.0.0.1", 65535}));
  EXPECT_EQ(*ParseServerAddress("[::1]:7010"), (ServerAddress{"::1", 7010}));
  EXPECT_EQ(ParseServerAddress("[::1]:7010")->ToString(), "[::1]:7010");
  EXPECT_TRUE(ParseServerAddress("[::1]:7010")->is_ip());
  EXPECT_FALSE(ParseServerAddress("localhost:1")->is_ip());
  EXPECT_EQ(*ParseServerAddress("kafka.trama.svc.cluster.local.:9092"),
            (ServerAddress{"kafka.trama.svc.cluster.local.", 9092}));
}

TEST(ServerAddressTest, RefusesEverythingElse) {
  for (const char* text : {"",      ":",    "a",       "a:",       ":1",    "a:x",    "a:-1",
                           "a:+1",  "a: 1", "a:65536", "::1:7010", "[x]:1", "[]:1",   "a b:1",
                           "a:1:2", "a:0",  "a/b:1",   ".:1",      ".a:1",  "a..b:1", "a..:1"}) {
    EXPECT_EQ(ParseServerAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_TRUE(ParseServerAddress("a:0", /*allow_port_zero=*/true).ok());
}

TEST(ServerAddressTest, ReadsLists) {
  EXPECT_EQ(ParseServerAddresses("a:1, b:2")->size(), 2u);
  EXPECT_FALSE(ParseServerAddresses("a:1,").ok());
  EXPECT_FALSE(ParseServerAddresses("").ok());
}

TEST(TraceTest, KeepsAValidTraceparent) {
  const std::string given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(TraceparentOrNew(given), given);
  EXPECT_EQ(TraceIdOf(given), "0af7651916cd43dd8448eb211c80319c");
}

TEST(TraceTest, WhatALaterVersionAddsDoesNotTravelOn) {
  const std::string rest = "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(TraceparentOrNew("01" + rest + "-\xff\t"), "00" + rest);
}

TEST(TraceTest, BeginsANewTraceForAnythingElse) {
  const std::string made = TraceparentOrNew("rubbish");
  EXPECT_TRUE(ParseTraceparent(made).has_value());
  EXPECT_NE(made, TraceparentOrNew(""));
  EXPECT_EQ(TraceIdOf("rubbish"), "");
}

TEST(WatchedFileTest, WhatCouldNotBeReadIsTriedAgain) {
  const std::string path = ::testing::TempDir() + "/trama_watched_file_test";
  std::ofstream(path) << "token";
  WatchedFile file(path, 100);
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = usual.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto first = file.ReadIfChanged();
  const auto second = file.ReadIfChanged();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
  const auto third = file.ReadIfChanged();
  std::remove(path.c_str());

  EXPECT_FALSE(first.ok());
  ASSERT_TRUE(second.ok()) << "told once";
  EXPECT_FALSE(second->has_value());
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(*third, "token");
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(3));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(3));
  clock.SetWall(start - absl::Hours(1));
  EXPECT_EQ(clock.Now(), start - absl::Hours(1));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(3));
}

TEST(SystemClockTest, MonotonicNeverGoesBack) {
  SystemClock clock;
  const absl::Duration first = clock.Monotonic();
  EXPECT_GE(clock.Monotonic(), first);
}

TEST(DrawnIdTest, NoThreadDrawsWhatAnotherDrew) {
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 1000;
  std::vector<std::vector<std::array<uint8_t, 12>>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (auto& ids : drawn) {
    threads.emplace_back([&ids] {
      for (size_t i = 0; i < kEach; ++i) ids.push_back(DrawId<12>());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::array<uint8_t, 12>> distinct;
  for (const auto& ids : drawn) distinct.insert(ids.begin(), ids.end());
  EXPECT_EQ(distinct.size(), kThreads * kEach);
}

TEST(BackgroundTest, TakesTheThreadThatAsksAndNoOther) {
  const int before = getpriority(PRIO_PROCESS, 0);
  int behind = before;
  std::thread([&behind] {
    GoToBackground();
    behind = getpriority(PRIO_PROCESS, 0);
  }).join();
  EXPECT_GE(behind, 10);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}

}  // namespace
}  // namespace trama::platform
