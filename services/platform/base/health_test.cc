#include "services/platform/base/health.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HealthTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  Health health_{clock_};
};

TEST_F(HealthTest, LoopThatTurnsIsAlive) {
  const auto loop = health_.AddHeartbeat("partition 3", absl::Seconds(5));
  clock_.Advance(absl::Seconds(4));
  loop->Beat();
  clock_.Advance(absl::Seconds(4));
  EXPECT_TRUE(health_.Live().fine);
}

TEST_F(HealthTest, StuckLoopIsNamed) {
  const auto stuck = health_.AddHeartbeat("partition 3", absl::Seconds(5));
  const auto other = health_.AddHeartbeat("partition 4", absl::Seconds(60));
  clock_.Advance(absl::Seconds(6));
  EXPECT_FALSE(health_.Live().fine);
  EXPECT_THAT(health_.Live().missing, ElementsAre(HasSubstr("partition 3: last turn 6s ago")));
}

TEST_F(HealthTest, WallClockJumpIsNoStuckLoop) {
  const auto loop = health_.AddHeartbeat("loop", absl::Seconds(5));
  clock_.SetWall(clock_.Now() + absl::Hours(1));
  EXPECT_TRUE(health_.Live().fine);
}

TEST_F(HealthTest, LoopThatHasEndedNoLongerCounts) {
  auto loop = health_.AddHeartbeat("loop", absl::Seconds(5));
  loop.reset();
  clock_.Advance(absl::Seconds(60));
  EXPECT_TRUE(health_.Live().fine);
}

TEST_F(HealthTest, ReadyWhenEveryConditionHolds) {
  const auto kafka = health_.AddCondition("kafka");
  const auto caught_up = health_.AddCondition("caught up");
  kafka->Set(true);
  EXPECT_THAT(health_.Ready().missing, ElementsAre("caught up: not yet"));

  caught_up->Set(true);
  EXPECT_TRUE(health_.Ready().fine);

  kafka->Set(false, "no broker answers");
  EXPECT_THAT(health_.Ready().missing, ElementsAre("kafka: no broker answers"));
}

TEST_F(HealthTest, ANoteIsToldWithoutMakingTheProcessUnready) {
  const auto ingest = health_.AddCondition("ingest");
  ingest->Set(true);
  ingest->Note("workspace demo waits");
  EXPECT_TRUE(health_.Ready().fine);
  EXPECT_THAT(health_.Ready().notes, ElementsAre("ingest: workspace demo waits"));
  ingest->Note("");
  EXPECT_THAT(health_.Ready().notes, ::testing::IsEmpty());
}

TEST_F(HealthTest, ConditionThatIsGoneNoLongerCounts) {
  auto condition = health_.AddCondition("partition 3");
  condition.reset();
  EXPECT_TRUE(health_.Ready().fine);
}

TEST_F(HealthTest, DrainingIsNeverReadyAgain) {
  const auto condition = health_.AddCondition("kafka");
  health_.StartDraining();
  condition->Set(true);
  EXPECT_THAT(health_.Ready().missing, ElementsAre(HasSubstr("draining")));
  EXPECT_TRUE(health_.Live().fine);
}

TEST_F(HealthTest, ListenersHearEveryChangeOnce) {
  std::vector<bool> heard;
  const auto condition = health_.AddCondition("kafka");
  health_.OnReadyChange([&](bool ready) { heard.push_back(ready); });
  condition->Set(true);
  condition->Set(true);
  health_.StartDraining();
  EXPECT_THAT(heard, ElementsAre(false, true, false));
}

}  // namespace
}  // namespace trama::platform
