#include "services/routing/life.h"

#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LifeTest : public RoutingTest {
 protected:
  void WrapUpMode(config::v1::WrapUp::Mode mode, const std::string& timeout = "") {
    config.Queue("general").mutable_wrap_up()->set_mode(mode);
    config.Queue("general").mutable_wrap_up()->set_timeout(timeout);
  }
};

TEST_F(LifeTest, ResolvingFreesTheAgentAndTellsTheHandleTime) {
  AnaHasM1({.thread = "t"});
  world.Pass(absl::Minutes(2));

  EXPECT_THAT(world.Resolve("ana", "m1").words, ElementsAre("m1 resolved by ana", "m1 wrapped up"));
  EXPECT_EQ(world.Last(ConversationEvent::kResolved).resolved().active_ms(), 120'000);
  EXPECT_EQ(world.Last(ConversationEvent::kWrapUpCompleted).wrap_up_completed().handle_ms(),
            120'000);
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_RESOLVED);
  EXPECT_EQ(world.Get("m1").agent_id(), "");
}

TEST_F(LifeTest, AMessageWithinTheWindowReopensWithItsAge) {
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");
  world.Presence("ana", agent::v1::PRESENCE_OFFLINE);
  world.Pass(absl::Hours(2));

  EXPECT_THAT(world.Receive("m2", {.thread = "t"}),
              ElementsAre("m1 reopened", "m1 message", "m1 queued general"));
  EXPECT_EQ(world.Last(ConversationEvent::kReopened).reopened().after_ms(), 7'200'000);
  const auto queued = world.Last(ConversationEvent::kQueued).queued();
  EXPECT_TRUE(queued.is_new_entry());
  EXPECT_EQ(queued.enqueued_at().seconds() - queued.first_enqueued_at().seconds(), 7200);
}

TEST_F(LifeTest, AReopenedConversationIsServedBeforeYoungerOnes) {
  config.Agent("ana").set_units(25);
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");
  world.Presence("ana", agent::v1::PRESENCE_AWAY);
  world.Pass(absl::Minutes(1));
  world.Receive("m2");
  world.Receive("m3", {.thread = "t"});

  EXPECT_THAT(world.Online("ana").words, ElementsAre("m1 offered to ana"));
}

TEST_F(LifeTest, AfterTheWindowItClosesAndTheNextMessageOpensAnother) {
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");

  EXPECT_THAT(world.RunUntil(absl::Hours(72)), ElementsAre("m1 closed"));
  EXPECT_THAT(world.Receive("m2", {.thread = "t"}), Contains("m2 opened"));
  EXPECT_EQ(world.Last(ConversationEvent::kOpened).opened().possible_thread(), world.IdOf("m1"));
}

TEST_F(LifeTest, AMessageAfterTheWindowDoesNotReopenEvenBeforeTheTick) {
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");
  world.At(absl::Hours(80));

  EXPECT_THAT(world.Receive("m2", {.thread = "t", .received_ago = absl::Hours(7)}),
              ElementsAre("m1 closed", "m2 opened", "m2 message", "m2 queued general",
                          "m2 offered to ana"));
}

TEST_F(LifeTest, ItDoesNotCloseWhileAMessageInTimeMayStandUnread) {
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");
  world.Pass(absl::Hours(1));
  world.HoldCaughtUp();
  EXPECT_THAT(world.RunUntil(absl::Hours(80)), IsEmpty());

  EXPECT_THAT(world.Receive("m2", {.thread = "t", .received_ago = absl::Hours(79)}),
              Contains("m1 reopened"));
}

// The loop owes the machine that tick: no deadline asks for it.
TEST_F(LifeTest, TheTickThatBringsTheNewsThatTheLogWasReadCloses) {
  Configure();
  world.Receive("m1", {.automatic = true});
  world.HoldCaughtUp();
  ASSERT_THAT(world.RunUntil(absl::Hours(80)), IsEmpty());
  ASSERT_GT(world.machine().NextDeadline(), world.now());

  world.HoldCaughtUp();  // Read up to now.
  EXPECT_THAT(world.Tick(), ElementsAre("m1 closed"));
}

TEST_F(LifeTest, AnUnattendedConversationClosesToo) {
  Configure();
  world.Receive("m1", {.automatic = true});

  EXPECT_THAT(world.RunUntil(absl::Hours(72)), ElementsAre("m1 closed"));
}

TEST_F(LifeTest, WithOptionalWrapUpTheAgentEndsIt) {
  WrapUpMode(config::v1::WrapUp::OPTIONAL);
  AnaHasM1();
  EXPECT_THAT(world.Resolve("ana", "m1").words,
              ElementsAre("m1 resolved by ana", "m1 wrapping up"));
  EXPECT_EQ(world.Get("m1").agent_id(), "ana");
  world.Pass(absl::Seconds(30));

  EXPECT_THAT(world.WrapUp("ana", "m1").words, ElementsAre("m1 wrapped up"));
  EXPECT_EQ(world.Last(ConversationEvent::kWrapUpCompleted).wrap_up_completed().wrap_up_ms(),
            30'000);
}

TEST_F(LifeTest, MandatoryWrapUpNeedsACodeOfTheQueue) {
  WrapUpMode(config::v1::WrapUp::MANDATORY);
  config.Code("sold");
  AnaHasM1();
  world.Resolve("ana", "m1");
  EXPECT_THAT(world.RunUntil(absl::Hours(5)), IsEmpty());

  EXPECT_EQ(world.WrapUp("ana", "m1").reason(), "INVALID_FIELD");
  EXPECT_EQ(world.WrapUp("ana", "m1", {"bought"}).reason(), "INVALID_FIELD");
  EXPECT_THAT(world.WrapUp("ana", "m1", {"sold"}).words, ElementsAre("m1 wrapped up: sold"));
}

TEST_F(LifeTest, ATimeBoxEndsTheWrapUpWithItsCode) {
  WrapUpMode(config::v1::WrapUp::TIME_BOXED, "30s");
  AnaHasM1();
  world.Resolve("ana", "m1");

  EXPECT_THAT(world.RunUntil(absl::Seconds(30)), ElementsAre("m1 wrapped up: WRAP_TIMEOUT"));
  EXPECT_TRUE(world.Last(ConversationEvent::kWrapUpCompleted).wrap_up_completed().timed_out());
}

TEST_F(LifeTest, AMessageDuringWrapUpEndsItAndReopens) {
  WrapUpMode(config::v1::WrapUp::OPTIONAL);
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");

  EXPECT_THAT(world.Receive("m2", {.thread = "t"}),
              ElementsAre("m1 wrapped up: REOPENED", "m1 reopened", "m1 message",
                          "m1 queued general", "m1 offered to ana"));
}

TEST_F(LifeTest, TheBetterAgentGetsWhatReopensDuringWrapUp) {
  WrapUpMode(config::v1::WrapUp::OPTIONAL);
  AnaHasM1({.thread = "t"});
  world.Pass(absl::Seconds(1));
  world.Online("bruno");
  world.Pass(absl::Seconds(1));
  world.Resolve("ana", "m1");

  EXPECT_THAT(world.Receive("m2", {.thread = "t"}), Contains("m1 offered to bruno"));
}

TEST_F(LifeTest, OnlyTheHolderResolves) {
  AnaHasM1();

  EXPECT_EQ(world.Resolve("bruno", "m1").reason(), "NOT_YOURS");
  world.Resolve("ana", "m1");
  EXPECT_EQ(world.Resolve("ana", "m1").reason(), "WRONG_STATE");
  EXPECT_EQ(world.Resolve("ana", "m7").reason(), "UNKNOWN_CONVERSATION");
}

TEST_F(LifeTest, ACustomerWhoLeavesIsAbandoned) {
  Configure();
  world.Receive("m1");
  world.Pass(absl::Seconds(6));

  EXPECT_THAT(world.Abandon("m1").words, ElementsAre("m1 abandoned"));
  EXPECT_EQ(world.Last(ConversationEvent::kAbandoned).abandoned().waited_ms(), 6000);
}

TEST_F(LifeTest, ACustomerWhoLeavesSoonIsReportedApart) {
  Configure();
  world.Receive("m1");
  world.Pass(absl::Milliseconds(4999));

  EXPECT_THAT(world.Abandon("m1").words, ElementsAre("m1 abandoned soon"));
}

TEST_F(LifeTest, AnOpenOfferEndsWhenTheCustomerLeaves) {
  Configure();
  world.Online("ana");
  world.Receive("m1");

  EXPECT_THAT(world.Abandon("m1").words, ElementsAre("m1 canceled at ana", "m1 abandoned soon"));
  EXPECT_EQ(world.Accept("ana", "m1").reason(), "OFFER_WITHDRAWN");
  EXPECT_EQ(world.GetAgent("ana").units_held(), 0);
}

TEST_F(LifeTest, OnlyWhoStillWaitsCanBeAbandoned) {
  AnaHasM1();

  EXPECT_EQ(world.Abandon("m1").reason(), "WRONG_STATE");
}

TEST_F(LifeTest, AnAbandonedCustomerWhoReturnsIsReopened) {
  Configure();
  world.Receive("m1", {.thread = "t"});
  world.Abandon("m1");

  EXPECT_THAT(world.Receive("m2", {.thread = "t"}),
              ElementsAre("m1 reopened", "m1 message", "m1 queued general"));
}

TEST_F(LifeTest, WhoComesBackMayBeOfferedToWhoDeclinedHimBefore) {
  Configure();
  world.Online("ana");
  world.Receive("m1", {.thread = "t"});
  world.Decline("ana", "m1");
  world.Abandon("m1");

  EXPECT_THAT(world.Receive("m2", {.thread = "t"}),
              ElementsAre("m1 reopened", "m1 message", "m1 queued general", "m1 offered to ana"));
}

}  // namespace
}  // namespace trama::routing::testing
