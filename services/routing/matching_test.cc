#include "services/routing/matching.h"

#include "absl/strings/str_cat.h"
#include "services/routing/limits.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class MatchingTest : public RoutingTest {
 protected:
  conversation::v1::Decision LastDecision() {
    return world.Last(ConversationEvent::kOffered).offered().decision();
  }
};

TEST_F(MatchingTest, WaitingWorkIsOfferedToWhoComesOnline) {
  Configure();
  world.Receive("m1");

  EXPECT_THAT(world.Online("ana").words, ElementsAre("m1 offered to ana"));
}

TEST_F(MatchingTest, NewWorkIsOfferedToWhoIsThere) {
  Configure();
  world.Online("ana");

  EXPECT_THAT(world.Receive("m1"), Contains("m1 offered to ana"));
}

TEST_F(MatchingTest, ThreeStepsOfPriorityAreWorthMoreThanTwoAndAHalfMinutesOfAge) {
  config.Queue("vip").mutable_when()->add_channels("sms");
  config.Queue("vip").set_priority(3);
  config.Workspace().set_agent_units(25);
  Configure();
  world.Receive("A", {.channel = "email"});
  world.Pass(absl::Seconds(150));
  world.Receive("B", {.channel = "sms"});

  EXPECT_THAT(world.Online("ana").words, ElementsAre("B offered to ana"));
}

TEST_F(MatchingTest, TwoStepsOfPriorityAreWorthLessThanTwoAndAHalfMinutesOfAge) {
  config.Queue("vip").mutable_when()->add_channels("sms");
  config.Queue("vip").set_priority(2);
  config.Workspace().set_agent_units(25);
  Configure();
  world.Receive("A", {.channel = "email"});
  world.Pass(absl::Seconds(150));
  world.Receive("B", {.channel = "sms"});

  EXPECT_THAT(world.Online("ana").words, ElementsAre("A offered to ana"));
}

TEST_F(MatchingTest, EqualScoresAreServedByWhoCameFirst) {
  config.Queue("vip").mutable_when()->add_channels("sms");
  config.Queue("vip").set_priority(1);
  config.Workspace().set_agent_units(25);
  Configure();
  world.Receive("A", {.channel = "email"});
  world.Pass(absl::Seconds(60));
  world.Receive("B", {.channel = "sms"});

  EXPECT_THAT(world.Online("ana").words, ElementsAre("A offered to ana"));
}

TEST_F(MatchingTest, OnlyAgentsWithTheSkillAreAsked) {
  Require(config.Queue("general"), "billing", 5);
  (*config.Agent("ana").mutable_skills())["billing"] = 4;
  (*config.Agent("bruno").mutable_skills())["billing"] = 5;
  Configure();
  world.Online("ana");
  world.Online("bruno");

  EXPECT_THAT(world.Receive("m1"), Contains("m1 offered to bruno"));
}

TEST_F(MatchingTest, OnlyAgentsOfTheQueueAreAsked) {
  config.Queue("other");
  config.Agent("ana").add_queues("other");
  config.Queue("other").mutable_when()->add_channels("sms");
  Configure();
  world.Online("ana");

  EXPECT_THAT(world.Receive("m1"), ElementsAre("m1 opened", "m1 message", "m1 queued general"));
}

TEST_F(MatchingTest, TheLongestIdleIsAskedFirst) {
  Configure();
  world.Online("bruno");
  world.Pass(absl::Seconds(10));
  world.Online("ana");

  EXPECT_THAT(world.Receive("m1"), Contains("m1 offered to bruno"));
  EXPECT_EQ(LastDecision().decided_by(), "longest_idle");
  EXPECT_EQ(LastDecision().idle_ms(), 10'000);
}

TEST_F(MatchingTest, WhoHoldsLessIsAskedBeforeWhoHoldsMore) {
  Configure();
  world.Online("ana");
  world.Receive("m1");
  world.Accept("ana", "m1");
  world.Pass(absl::Hours(1));
  world.Online("bruno");

  EXPECT_THAT(world.Receive("m2"), Contains("m2 offered to bruno"));
  EXPECT_EQ(LastDecision().decided_by(), "least_loaded");
}

TEST_F(MatchingTest, AmongEqualsTheNameDecides) {
  Configure();
  world.Online("bruno");
  world.Online("ana");

  EXPECT_THAT(world.Receive("m1"), Contains("m1 offered to ana"));
  EXPECT_EQ(LastDecision().decided_by(), "name");
}

TEST_F(MatchingTest, TheDecisionSaysWhoWasOutAndWhy) {
  Require(config.Queue("general"), "billing");
  for (const char* name : {"ana", "bruno", "carla", "dora", "elsa"}) {
    (*config.Agent(name).mutable_skills())["billing"] = 5;
  }
  config.Agent("fabio");                      // Has no skill.
  config.Agent("gil").add_queues("another");  // Serves another queue.
  config.Agent("carla").set_units(10);        // Has no room.
  Configure();
  for (const char* name : {"ana", "bruno", "carla", "fabio", "gil"}) world.Online(name);
  world.Receive("m0");
  world.Decline("ana", "m0");  // m0 is offered to bruno now.
  world.Receive("m1");
  world.Decline("ana", "m1");

  const conversation::v1::Decision decision = LastDecision();
  EXPECT_EQ(decision.considered(), 7);
  EXPECT_THAT(decision.excluded_by_reason(),
              UnorderedElementsAre(Pair("queue", 1), Pair("skill", 1), Pair("not_available", 2),
                                   Pair("capacity", 1), Pair("excluded", 1)));
  EXPECT_EQ(decision.decided_by(), "only_candidate");
  EXPECT_EQ(decision.units(), 25);
  EXPECT_EQ(decision.config_revision(), 1);
}

TEST_F(MatchingTest, TheDecisionSaysScoreAndPosition) {
  config.Queue("general").set_priority(2);
  config.Agent("ana").add_queues("none");
  Configure();
  world.Receive("m1");
  world.Pass(absl::Seconds(1));
  world.Receive("m2");
  world.Online("bruno");

  EXPECT_EQ(LastDecision().position(), 1);  // m1 had gone out before.
  EXPECT_EQ(LastDecision().score(), absl::ToUnixMillis(world.now()) - 2 * 60'000);
}

TEST_F(MatchingTest, ManyWaitingConversationsAreAllOfferedAfterABigChange) {
  config.Workspace().set_agent_units(100'000);
  Configure();
  for (int i = 0; i < 500; ++i) {
    world.Receive(absl::StrCat("m", i));
    world.Pass(absl::Milliseconds(1));
  }

  const auto words = world.Online("ana").words;
  EXPECT_EQ(words.size(), 500u);
  EXPECT_EQ(words.front(), "m0 offered to ana");
}

// The wakes of one input are limited: behind many others the one that ends an exclusion comes later
// than its time.
TEST_F(MatchingTest, AnExclusionStandsUntilItsWakeHasEndedIt) {
  constexpr size_t kClosed = kTimersPerInputMax + 6;
  Configure();
  for (size_t i = 0; i < kClosed; ++i) {
    world.Receive(absl::StrCat("old", i));
    world.Abandon(absl::StrCat("old", i));
  }
  ASSERT_EQ(world.RunUntil(absl::Hours(100)).size(), kClosed);  // Closed; to be forgotten later.
  world.At(absl::Hours(72 + 48) - absl::Minutes(1));
  world.Online("ana");
  world.Receive("m1");
  world.Decline("ana", "m1");
  world.Pass(absl::Minutes(3));

  EXPECT_THAT(world.Online("bruno").words, Contains("m1 offered to bruno"));
  EXPECT_THAT(LastDecision().excluded_by_reason(), UnorderedElementsAre(Pair("excluded", 1)));
  EXPECT_EQ(LastDecision().decided_by(), "only_candidate");
}

TEST_F(MatchingTest, AnExclusionThatEndedDuringAnOfferDoesNotOutliveIt) {
  config.Workspace().set_exclusion("10s");
  config.Agent("carla");
  Configure();
  world.Online("ana");
  world.Receive("m1");
  world.Decline("ana", "m1");
  world.Online("bruno");
  world.Online("carla");
  world.Pass(absl::Seconds(15));

  // He has been idle for longer than carla.
  EXPECT_THAT(world.Decline("bruno", "m1").words,
              ElementsAre("m1 declined by bruno", "m1 offered to ana"));
}

TEST_F(MatchingTest, WorkspacesDoNotShareAgents) {
  config.In("other").Queue("general");
  config.Agent("ana");
  Configure();
  world.Online("ana", "demo");

  EXPECT_THAT(world.Receive("m1", {.workspace = "other"}),
              ElementsAre("m1 opened", "m1 message", "m1 queued general"));
  EXPECT_THAT(world.Online("ana", "other").words, ElementsAre("m1 offered to ana"));
  EXPECT_EQ(world.GetAgent("ana", "demo").units_held(), 0);
}

TEST_F(MatchingTest, AnOfferIsAProposalThatNeedNotWaitForItsCommit) {
  Configure();
  world.Online("ana");
  world.Receive("m1");

  const Push& push = world.pushes().back();
  const auto& update = static_cast<const v1::AgentUpdate&>(*push.message);
  EXPECT_TRUE(push.proposal);
  EXPECT_EQ(push.stream, "demo/ana");
  EXPECT_EQ(update.offer().conversation().identifier().value(), "ana@x.test");
  EXPECT_EQ(update.offer().decision().decided_by(), "only_candidate");
}

}  // namespace
}  // namespace trama::routing::testing
