#include <random>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/engine/testing/engine_child.h"
#include "services/platform/engine/testing/engine_fixture.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::platform {
namespace {

using testing::EngineChild;
using testing::EngineNames;
using testing::Replica;

constexpr int kKills = 20;

class ExactlyOnceTest : public testing::EngineTest {
 protected:
  // Writes words to both inputs, a few at a time, until stopped.
  void StartWriting(const EngineNames& names) {
    writer_ = std::thread([this, names] {
      while (!stop_.WaitForNotificationWithTimeout(absl::Milliseconds(10))) {
        WriteWords(names.in, 0, {"in", "in", "in"});
        WriteWords(names.more, 0, {"more"});
        ++rounds_;
      }
    });
  }
  void StopWriting() {
    stop_.Notify();
    writer_.join();
  }
  void ExpectEachWordOnce(const EngineNames& names) {
    EXPECT_GT(rounds_, 0);
    EXPECT_EQ(Totals(names),
              (std::map<std::string, int64_t>{{"in", 3 * rounds_}, {"more", rounds_}}));
  }

  // Seeded: a run that fails can be repeated.
  std::mt19937 random_{20261123};
  absl::Notification never_;
  absl::Notification stop_;
  std::thread writer_;
  int64_t rounds_ = 0;
};

TEST_F(ExactlyOnceTest, EveryInputCountsOnceWhateverMomentTheProcessIsKilledIn) {
  const EngineNames names = NewEngine();
  StartWriting(names);
  std::uniform_int_distribution<int> life_ms(0, 400);
  for (int kill = 0; kill < kKills; ++kill) {
    EngineChild child(names);
    // Not every life gets as far as serving: death during a takeover counts too.
    if (kill % 4 != 0) {
      ASSERT_TRUE(child.WaitReady()) << kill;
    }
    never_.WaitForNotificationWithTimeout(absl::Milliseconds(life_ms(random_)));
    child.Kill();
  }
  StopWriting();
  EngineChild last(names);
  ASSERT_TRUE(last.WaitReady());
  ASSERT_TRUE(last.Leave());
  ExpectEachWordOnce(names);
}

TEST_F(ExactlyOnceTest, EveryInputCountsOnceHoweverOftenTheOwnerIsFenced) {
  const EngineNames names = NewEngine();
  StartWriting(names);
  Replica replica(names, "here:1", [](EngineSpec& spec) {
    // No rival is there whom a hasty takeover could fence.
    spec.times.heartbeat_interval = absl::Milliseconds(50);
    spec.times.takeover_backoff_max = absl::Milliseconds(200);
  });
  replica.Start();
  for (int fence = 1; fence <= kKills; ++fence) {
    ASSERT_TRUE(Eventually([&] { return replica.host().IncarnationOf(0).value_or(0) >= fence; }));
    auto rival = TransactionalProducer::Create(
        config(), {.transactional_id = "trama-" + names.service + "-0"});
    ASSERT_TRUE(rival.ok()) << rival.status();
    ASSERT_TRUE((*rival)->Init(absl::Seconds(30)).ok());
  }
  StopWriting();
  ASSERT_TRUE(Eventually([&] {
    return *replica.Call(0, "get in") == absl::StrCat("in=", 3 * rounds_) &&
           *replica.Call(0, "get more") == absl::StrCat("more=", rounds_);
  }));
  ExpectEachWordOnce(names);
}

}  // namespace
}  // namespace trama::platform
