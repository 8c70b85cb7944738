#include "services/sla/sla_machine.h"

#include <algorithm>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/sla/testing.h"

namespace trama::sla {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using testing::SlaMachineTest;

TEST_F(SlaMachineTest, ClocksStartWhenAMessageIsQueued) {
  EXPECT_THAT(Open("c1"), IsEmpty());
  EXPECT_THAT(Queue("c1", "support"),
              ElementsAre("first response activated", "queue answer activated"));
}

TEST_F(SlaMachineTest, AcceptanceFulfilsQueueAnswerAndAHumanReplyFulfilsFirstResponse) {
  OpenAndQueue("c1");
  At(absl::Seconds(30));
  EXPECT_THAT(Accept("c1"), ElementsAre("queue answer fulfilled in time"));
  At(absl::Seconds(90));
  EXPECT_THAT(ReplyBy("c1"), ElementsAre("first response fulfilled in time"));
  EXPECT_EQ(machine().NextDeadline(), absl::InfiniteFuture());
}

TEST_F(SlaMachineTest, ABotsReplyIsNoFirstResponse) {
  OpenAndQueue("c1");
  EXPECT_THAT(ReplyBy("c1", /*human=*/false), IsEmpty());
}

TEST_F(SlaMachineTest, AnAutomaticMessageStartsNoClock) {
  Message("c1", /*automatic=*/true);
  EXPECT_THAT(Queue("c1", "support"), ElementsAre("queue answer activated"));
}

TEST_F(SlaMachineTest, WarnsOnceAndBreachesOnce) {
  OpenAndQueue("c1");
  At(absl::Seconds(47));
  EXPECT_THAT(Tick(), IsEmpty());
  At(absl::Seconds(48));
  EXPECT_THAT(Tick(), ElementsAre("queue answer warned"));
  EXPECT_THAT(Tick(), IsEmpty());
  At(absl::Seconds(60));
  EXPECT_THAT(Tick(), ElementsAre("queue answer breached"));
  At(absl::Seconds(70));
  EXPECT_THAT(Tick(), IsEmpty());
  EXPECT_THAT(Accept("c1"), ElementsAre("queue answer fulfilled late"));
}

TEST_F(SlaMachineTest, NothingFiresBeforeTheLogHasBeenReadThatFar) {
  OpenAndQueue("c1");
  At(absl::Seconds(300));
  ReadOnlyUpTo(absl::Seconds(47));
  EXPECT_THAT(Tick(), IsEmpty());
  ReadOnlyUpTo(absl::Seconds(60));
  EXPECT_THAT(Tick(), ElementsAre("queue answer breached"));
  EXPECT_EQ(events().back().breached().lateness_ms(), 240'000);
}

TEST_F(SlaMachineTest, AReplyThatComesLateIsBreachedEvenWithoutATick) {
  OpenAndQueue("c1");
  At(absl::Minutes(11));
  EXPECT_THAT(ReplyBy("c1"),
              ElementsAre("first response breached", "first response fulfilled late"));
}

TEST_F(SlaMachineTest, AFactWithAnEarlierTimeRevisesTheBreach) {
  OpenAndQueue("c1");
  At(absl::Seconds(60));
  EXPECT_THAT(Tick(), ElementsAre("queue answer breached"));
  At(absl::Seconds(59));
  EXPECT_THAT(Accept("c1"),
              ElementsAre("queue answer breach revised", "queue answer fulfilled in time"));
}

TEST_F(SlaMachineTest, ARevisionNamesTheAgentAndQueueThatTheBreachNamed) {
  OpenAndQueue("c1");
  At(absl::Seconds(60));
  Tick();
  const v1::SlaEvent breach = events().back();
  At(absl::Seconds(59));
  Accept("c1");
  const v1::SlaEvent& revision = events().at(events().size() - 2);
  ASSERT_TRUE(revision.has_breach_revised());
  EXPECT_EQ(revision.agent_id(), breach.agent_id());
  EXPECT_EQ(revision.queue(), breach.queue());
  EXPECT_EQ(revision.due_at(), breach.due_at());
  EXPECT_EQ(events().back().agent_id(), "ana");
}

TEST_F(SlaMachineTest, WhatEndedInTimeIsNotBreachedAlthoughWeLearnItLate) {
  OpenAndQueue("c1");
  At(absl::Seconds(60));
  EXPECT_THAT(Tick(), ElementsAre("queue answer breached"));
  At(absl::Seconds(59));
  EXPECT_THAT(Abandon("c1"),
              ElementsAre("first response canceled: abandoned", "queue answer breach revised",
                          "queue answer canceled: abandoned"));
}

// Nobody owned the partition for a minute; the answers stand in the log.
TEST_F(SlaMachineTest, AfterAPauseWhatWasAnsweredInTimeIsNoBreach) {
  OpenAndQueue("answered");
  OpenAndQueue("forgotten");
  At(absl::Seconds(300));
  ReadOnlyUpTo(absl::Seconds(40));
  Restart(config_);
  EXPECT_THAT(Tick(), IsEmpty());
  At(absl::Seconds(50));
  EXPECT_THAT(Accept("answered"), ElementsAre("queue answer fulfilled in time"));
  At(absl::Seconds(300));
  EXPECT_THAT(Tick(), ElementsAre("queue answer breached"));
  EXPECT_EQ(events().back().conversation_id(), "forgotten");
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(SlaMachineTest, ARepeatedEventChangesNothing) {
  OpenAndQueue("c1");
  EXPECT_THAT(Repeat(), IsEmpty());
}

TEST_F(SlaMachineTest, AReturnToTheQueueStartsNoSecondClock) {
  OpenAndQueue("c1");
  At(absl::Seconds(20));
  EXPECT_THAT(Queue("c1", "support", 0, /*new_entry=*/false), IsEmpty());
  EXPECT_EQ(machine().open_clock_count(), 2u);
}

TEST_F(SlaMachineTest, ResolvingWithoutReplyCancelsFirstResponse) {
  OpenAndQueue("c1");
  Accept("c1");
  EXPECT_THAT(Resolve("c1"), ElementsAre("first response canceled: resolved"));
}

TEST_F(SlaMachineTest, AbandoningCancelsBoth) {
  OpenAndQueue("c1");
  EXPECT_THAT(Abandon("c1"), ElementsAre("first response canceled: abandoned",
                                         "queue answer canceled: abandoned"));
}

TEST_F(SlaMachineTest, ReopeningStartsNewClocks) {
  OpenAndQueue("c1");
  Accept("c1");
  ReplyBy("c1");
  Resolve("c1");
  At(absl::Hours(1));
  EXPECT_THAT(Reopen("c1"), IsEmpty());
  EXPECT_THAT(Queue("c1", "support"),
              ElementsAre("first response activated", "queue answer activated"));
}

TEST_F(SlaMachineTest, TargetsFollowThePriority) {
  config_.Clear();
  auto& policy = config_.Policy("standard", "10m", "");
  (*policy.mutable_by_priority())[3].set_first_response("2m");
  Configure(config_);
  Open("c1");
  Queue("c1", "support", /*priority=*/3);
  EXPECT_EQ(events().back().target_ms(), 120'000);
}

TEST_F(SlaMachineTest, ARaisedPriorityLeavesNewTargetMinusUsed) {
  config_.Clear();
  auto& policy = config_.Policy("standard", "10m", "");
  (*policy.mutable_by_priority())[3].set_first_response("5m");
  Configure(config_);
  Open("c1");
  Queue("c1", "support");
  At(absl::Minutes(2));
  EXPECT_THAT(Queue("c1", "support", 3, /*new_entry=*/false),
              ElementsAre("first response retargeted: queue or priority"));
  EXPECT_EQ(events().back().retargeted().used_ms(), 120'000);
  EXPECT_EQ(events().back().due_at(), testing::ToProto(testing::Start() + absl::Minutes(5)));
}

TEST_F(SlaMachineTest, TheClockStandsStillOutsideTheCalendar) {
  config_.Clear();
  config_.OfficeHours("office");
  config_.Policy("standard", "1h", "").set_calendar("office");
  Configure(config_);
  At(absl::Hours(7) + absl::Minutes(30));  // 16:30
  Open("c1");
  Queue("c1", "support");
  EXPECT_EQ(events().back().due_at(),
            testing::ToProto(testing::Start() + absl::Hours(24) + absl::Minutes(30)));
}

TEST_F(SlaMachineTest, AChangedPolicyMovesRunningClocksOnce) {
  OpenAndQueue("c1");
  config_.Clear();
  config_.Policy("standard", "20m", "1m");
  At(absl::Seconds(10));
  EXPECT_THAT(Configure(config_), IsEmpty());
  EXPECT_THAT(Tick(), ElementsAre("first response retargeted: configuration"));
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(SlaMachineTest, ARemovedPolicyEndsItsClocks) {
  OpenAndQueue("c1");
  config_.Clear();
  Configure(config_);
  EXPECT_THAT(Tick(), ::testing::UnorderedElementsAre("first response canceled: no policy",
                                                      "queue answer canceled: no policy"));
}

TEST_F(SlaMachineTest, AfterARestartClocksFireAsBefore) {
  OpenAndQueue("c1");
  At(absl::Seconds(48));
  Tick();
  Restart(config_);
  EXPECT_THAT(Tick(), IsEmpty());
  At(absl::Seconds(60));
  EXPECT_THAT(Tick(), ElementsAre("queue answer breached"));
}

TEST_F(SlaMachineTest, EndedClocksAreListedInBoundedPages) {
  constexpr int kConversations = SlaMachine::kRowsPerReadMax / 2 + 100;
  for (int i = 0; i < kConversations; ++i) {
    OpenAndQueue(absl::StrCat("c", i));
    Abandon(absl::StrCat("c", i));
  }
  v1::ListClocksRequest request;
  request.set_workspace("demo");
  request.add_states(v1::CLOCK_STATE_FULFILLED);
  auto page = Ask<v1::ListClocksResponse>(request);
  EXPECT_EQ(page->clocks_size(), 0);  // It has looked at as many as it may.
  EXPECT_NE(page->next_page_token(), "");

  request.set_states(0, v1::CLOCK_STATE_CANCELED);
  request.set_page_size(SlaMachine::kPageSizeMax);
  std::set<std::string> ids;
  int listed = 0;
  do {
    page = Ask<v1::ListClocksResponse>(request);
    ASSERT_TRUE(page.ok());
    listed += page->clocks_size();
    for (const v1::Clock& clock : page->clocks()) ids.insert(clock.clock_id());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, 2 * kConversations);
  EXPECT_THAT(ids, SizeIs(2 * kConversations));
}

TEST_F(SlaMachineTest, WhatHasEndedRestsAndIsStillTold) {
  OpenAndQueue("c1");
  EXPECT_EQ(machine().CountAtRest(), 0u);
  Accept("c1");
  ReplyBy("c1");
  constexpr size_t kConversationAndClocks = 3;
  EXPECT_EQ(machine().CountAtRest(), kConversationAndClocks);
  Restart(config_);
  EXPECT_EQ(machine().CountAtRest(), kConversationAndClocks);

  v1::ListClocksRequest request;
  request.set_workspace("demo");
  EXPECT_EQ(Ask<v1::ListClocksResponse>(request)->clocks_size(), 0);  // None is open.
  request.add_states(v1::CLOCK_STATE_FULFILLED);
  request.set_queue("support");
  EXPECT_EQ(Ask<v1::ListClocksResponse>(request)->clocks_size(), 2);
  EXPECT_THAT(Message("c1"), IsEmpty());
  EXPECT_THAT(Queue("c1", "support"),
              ElementsAre("first response activated", "queue answer activated"));
}

TEST_F(SlaMachineTest, AfterARestartWhatIsOpenRestsUntilItIsAskedFor) {
  OpenAndQueue("c1");
  constexpr size_t kConversationAndClocks = 3;
  Restart(config_);
  EXPECT_EQ(machine().CountAtRest(), kConversationAndClocks);
  v1::ListClocksRequest request;
  request.set_workspace("demo");
  EXPECT_EQ(Ask<v1::ListClocksResponse>(request)->clocks_size(), 2);
  Accept("c1");
  ReplyBy("c1");
  request.add_states(v1::CLOCK_STATE_FULFILLED);
  EXPECT_EQ(Ask<v1::ListClocksResponse>(request)->clocks_size(), 2);
}

TEST_F(SlaMachineTest, AClosedConversationIsForgottenAfterARestart) {
  OpenAndQueue("c1");
  Close("c1");
  Restart(config_);
  EXPECT_GT(machine().CountAtRest(), 0u);
  At(absl::Hours(25));
  Tick();
  EXPECT_EQ(machine().CountAtRest(), 0u);
}

TEST_F(SlaMachineTest, AClosedConversationIsForgottenAfterADay) {
  OpenAndQueue("c1");
  Close("c1");
  At(absl::Hours(25));
  Tick();
  v1::GetClocksRequest request;
  request.set_workspace("demo");
  request.set_conversation_id("c1");
  EXPECT_EQ(Ask<v1::GetClocksResponse>(request).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(row_count(), 1u);  // The configuration's revision.
}

TEST_F(SlaMachineTest, ListsTheMostUrgentFirstAndPages) {
  for (int i = 0; i < 5; ++i) {
    At(absl::Seconds(i));
    OpenAndQueue(absl::StrCat("c", i));
  }
  v1::ListClocksRequest request;
  request.set_workspace("demo");
  request.set_page_size(4);
  std::vector<int64_t> dues;
  do {
    const auto page = Ask<v1::ListClocksResponse>(request);
    ASSERT_TRUE(page.ok());
    EXPECT_LE(page->clocks_size(), 4);
    for (const v1::Clock& clock : page->clocks()) dues.push_back(clock.due_at().seconds());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(dues, SizeIs(10));
  EXPECT_TRUE(std::is_sorted(dues.begin(), dues.end()));
}

TEST_F(SlaMachineTest, AnotherWorkspaceSeesNothing) {
  OpenAndQueue("c1");
  v1::GetClocksRequest request;
  request.set_workspace("acme");
  request.set_conversation_id("c1");
  EXPECT_EQ(Ask<v1::GetClocksResponse>(request).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace trama::sla
