// What happens to clocks when the configuration, the facts or the holder changes, also when that is
// read late or after a takeover.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/sla/sla_machine.h"
#include "services/sla/testing.h"

namespace trama::sla {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SlaChangesTest : public testing::SlaMachineTest {};

// Monday to Friday 9 to 17, one hour, from Monday 16:30: due on Tuesday at 09:30.
class OfficeHoursTest : public testing::SlaMachineTest {
 protected:
  void SetUp() override {
    config_.OfficeHours("office");
    config_.Policy("standard", "1h", "").set_calendar("office");
    Configure(config_);
    At(absl::Hours(7) + absl::Minutes(30));
    OpenAndQueue("c1");
    At(absl::Hours(9));
  }
  // "c1" is still due then, and not before.
  void ExpectDueOnTuesday() {
    At(absl::Hours(24) + absl::Minutes(30) - absl::Seconds(1));
    EXPECT_THAT(Tick(), ::testing::Not(::testing::Contains("first response breached")));
    At(absl::Hours(24) + absl::Minutes(30));
    EXPECT_THAT(Tick(), ElementsAre("first response breached"));
  }
};

TEST_F(OfficeHoursTest, ANewerRevisionAfterARestartMovesNoClockThatItDoesNotConcern) {
  TakeOver();
  config_.Queue("another");
  Configure(config_);
  EXPECT_THAT(Tick(), IsEmpty());
  ExpectDueOnTuesday();
}

TEST_F(OfficeHoursTest, ACalendarThatWasRenamedDuringARestartBreachesNothing) {
  TakeOver();
  config_.Clear();
  config_.OfficeHours("hours");
  config_.Policy("standard", "1h", "").set_calendar("hours");
  Configure(config_);
  EXPECT_THAT(Tick(), ElementsAre("first response retargeted: configuration"));
  ExpectDueOnTuesday();
}

TEST_F(OfficeHoursTest, ANewerTargetAfterARestartLeavesNewTargetMinusUsed) {
  TakeOver();
  config_.Clear();
  config_.OfficeHours("office");
  config_.Policy("standard", "2h", "").set_calendar("office");
  Configure(config_);
  EXPECT_THAT(Tick(), ElementsAre("first response retargeted: configuration"));
  EXPECT_EQ(events().back().retargeted().used_ms(), absl::ToInt64Milliseconds(absl::Minutes(30)));
}

// The second renames the calendar; the clock has counted by the first one's.
TEST_F(OfficeHoursTest, ASecondRevisionFindsWhatTheFirstHasLeftToDo) {
  config_.Clear();
  config_.OfficeHours("hours");
  config_.Policy("standard", "1h", "").set_calendar("hours");
  Configure(config_);
  config_.Queue("another");
  Configure(config_);
  Tick();
  ExpectDueOnTuesday();
}

// Nobody owned the partition for half an hour.
TEST_F(SlaChangesTest, FactsThatAreReadLateDoNotMoveWhatWasDue) {
  ReadLate(absl::Hours(1));
  OpenAndQueue("c1");
  At(absl::Seconds(30));
  EXPECT_THAT(Learn("c1"), IsEmpty());
  At(absl::Minutes(30));
  EXPECT_THAT(Accept("c1"), ElementsAre("first response breached", "queue answer breached",
                                        "queue answer fulfilled late"));
  EXPECT_EQ(events().back().fulfilled().used_ms(), absl::ToInt64Milliseconds(absl::Minutes(30)));
}

TEST_F(SlaChangesTest, WhatIsOverdueIsBreachedBeforeFactsMoveIt) {
  auto& vip = config_.Policy("vip", "1h", "1h");
  vip.set_order(-1);
  vip.mutable_when()->add_queues("vip");
  Configure(config_);
  OpenAndQueue("c1");
  At(absl::Minutes(11));
  EXPECT_THAT(Queue("c1", "vip", 0, /*new_entry=*/false),
              ElementsAre("first response breached", "queue answer breached"));
  EXPECT_EQ(events().back().queue(), "support");
}

TEST_F(SlaChangesTest, ARevisionLeavesWhatIsOverdueToTheLog) {
  OpenAndQueue("c1");
  At(absl::Minutes(5));
  ReadOnlyUpTo(absl::Seconds(10));
  config_.Clear();
  config_.Policy("standard", "10m", "30m");
  Configure(config_);
  EXPECT_THAT(Tick(), IsEmpty());
  At(absl::Seconds(59));
  EXPECT_THAT(Accept("c1"), ElementsAre("queue answer fulfilled in time"));
}

TEST_F(SlaChangesTest, ARemovedPolicyDoesNotHideABreach) {
  OpenAndQueue("c1");
  At(absl::Minutes(11));
  config_.Clear();
  Configure(config_);
  EXPECT_THAT(Tick(),
              ::testing::UnorderedElementsAre("first response breached", "queue answer breached"));
}

// The revision is taken in before a fact that happened earlier is read.
TEST_F(SlaChangesTest, AFactFromBeforeARevisionCountsNothingTwice) {
  OpenAndQueue("c1");
  At(absl::Minutes(4));
  ReadOnlyUpTo(absl::Seconds(1));
  config_.Clear();
  config_.Policy("standard", "20m", "");
  auto& vip = config_.Policy("vip", "30m", "");
  vip.set_order(-1);
  vip.mutable_when()->add_queues("vip");
  Configure(config_);
  Tick();
  At(absl::Minutes(1));
  EXPECT_THAT(Queue("c1", "vip", 0, /*new_entry=*/false),
              ::testing::Contains("first response retargeted: queue or priority"));
  EXPECT_EQ(events().back().due_at(), testing::ToProto(testing::Start() + absl::Minutes(30)));
}

TEST_F(SlaChangesTest, ABreachIsNotOfTheAgentWhoHasItNoLonger) {
  OpenAndQueue("c1");
  Accept("c1");
  At(absl::Minutes(1));
  Queue("c1", "support");
  At(absl::Minutes(11));
  EXPECT_THAT(Tick(),
              ::testing::UnorderedElementsAre("first response breached", "queue answer breached"));
  for (const v1::SlaEvent& event : events()) {
    if (!event.has_breached()) continue;
    EXPECT_EQ(event.agent_id(), "");
  }
}

TEST_F(SlaChangesTest, ABreachAfterAReopeningIsOfNobody) {
  OpenAndQueue("c1");
  Accept("c1");
  Resolve("c1");
  Reopen("c1");
  Queue("c1", "support");
  EXPECT_EQ(events().back().agent_id(), "");
}

TEST_F(SlaChangesTest, WhoAcceptsLateIsNamedByTheAcceptanceButNotByTheBreach) {
  OpenAndQueue("c1");
  At(absl::Seconds(70));
  EXPECT_THAT(Accept("c1"), ElementsAre("queue answer breached", "queue answer fulfilled late"));
  EXPECT_EQ(events().at(events().size() - 2).agent_id(), "");
  EXPECT_EQ(events().back().agent_id(), "ana");
}

TEST_F(SlaChangesTest, AReceiptForAForgottenConversationLeavesNoRow) {
  OpenAndQueue("c1");
  Close("c1");
  At(absl::Hours(25));
  Tick();
  ReceiptWhenClosed("c1");
  EXPECT_EQ(row_count(), 1u);  // The configuration's revision.
}

}  // namespace
}  // namespace trama::sla
