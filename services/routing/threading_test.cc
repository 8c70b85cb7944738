#include "services/routing/threading.h"

#include "absl/strings/str_cat.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

class ThreadingTest : public RoutingTest {
 protected:
  ThreadingTest() { Configure(); }
};

TEST_F(ThreadingTest, AFirstMessageOpensAConversationAndWaits) {
  EXPECT_THAT(world.Receive("m1"), ElementsAre("m1 opened", "m1 message", "m1 queued general"));
}

TEST_F(ThreadingTest, TheChannelsKeyJoinsMessages) {
  world.Receive("m1", {.thread = "+5511"});

  EXPECT_THAT(world.Receive("m2", {.thread = "+5511"}), ElementsAre("m1 message"));
}

TEST_F(ThreadingTest, TheSameKeyOnAnotherAccountIsAnotherThread) {
  world.Receive("m1", {.account = "help", .thread = "+5511"});

  EXPECT_THAT(world.Receive("m2", {.account = "sales", .thread = "+5511"}),
              ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, AReferenceOfAParticipantJoins) {
  world.Receive("m1", {.from = "ana@x.test"});

  EXPECT_THAT(world.Receive("m2", {.from = "ana@x.test", .references = {"<unknown>", "<m1>"}}),
              ElementsAre("m1 message"));
}

TEST_F(ThreadingTest, AReferenceOfSomebodyWhoWasCopiedJoins) {
  world.Receive("m1", {.from = "ana@x.test", .cc = {"bob@x.test"}});

  EXPECT_THAT(world.Receive("m2", {.from = "bob@x.test", .references = {"<m1>"}}),
              ElementsAre("m1 message"));
}

TEST_F(ThreadingTest, AReferenceOfAStrangerOpensANewConversationWithAHint) {
  world.Receive("m1", {.from = "ana@x.test"});

  world.Receive("m2", {.from = "eve@x.test", .references = {"<m1>"}});

  const auto opened = world.Last(conversation::v1::ConversationEvent::kOpened).opened();
  EXPECT_EQ(opened.interaction_id(), "m2");
  EXPECT_EQ(opened.possible_thread(), world.IdOf("m1"));
}

TEST_F(ThreadingTest, AKeyThatComesWithReferencesNeedsAParticipantToo) {
  world.Receive("m1", {.from = "ana@x.test", .thread = "<root>"});

  const auto words =
      world.Receive("m2", {.from = "eve@x.test", .thread = "<root>", .references = {"<gone>"}});

  EXPECT_THAT(words, ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, AReferenceToAnotherAccountsMessageDoesNotJoin) {
  world.Receive("m1", {.account = "help"});

  EXPECT_THAT(world.Receive("m2", {.account = "sales", .references = {"<m1>"}}),
              ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, AnEmptyReferenceMatchesNothing) {
  world.Receive("m1");

  EXPECT_THAT(world.Receive("m2", {.references = {""}}),
              ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, OurTokenIsStrongerThanReferencesAndNeedsNoParticipant) {
  world.Receive("m1", {.from = "ana@x.test"});
  world.Receive("m2", {.from = "bob@x.test"});

  EXPECT_THAT(world.Receive(
                  "m3", {.from = "bob@x.test", .token = world.IdOf("m1"), .references = {"<m2>"}}),
              ElementsAre("m1 message"));
}

TEST_F(ThreadingTest, ATokenOfAnotherWorkspaceJoinsNothing) {
  world.Receive("m1");
  config.In("other").Queue("general");
  Configure();

  EXPECT_THAT(world.Receive("m2", {.workspace = "other", .token = world.IdOf("m1")}),
              ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, ATokenOfAnotherChannelJoinsNothing) {
  world.Receive("m1", {.channel = "email"});

  EXPECT_THAT(world.Receive("m2", {.channel = "sms", .token = world.IdOf("m1")}),
              ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, WhoJoinedByATokenTakesPartFromThenOn) {
  world.Receive("m1", {.from = "ana@x.test"});
  world.Receive("m2", {.from = "bob@x.test", .token = world.IdOf("m1")});

  EXPECT_THAT(world.Receive("m3", {.from = "bob@x.test", .references = {"<m1>"}}),
              ElementsAre("m1 message"));
}

TEST_F(ThreadingTest, AMessageOfOursCanBeReferredToOnceItWasSent) {
  AnaHasM1();
  world.Reply("ana", "m1");
  world.Deliver(world.Outbound().front(), delivery::v1::STATUS_SENT, "<ours@firm>");

  EXPECT_THAT(world.Receive("m2", {.references = {"<ours@firm>"}}), ElementsAre("m1 message"));
}

TEST_F(ThreadingTest, TheFirstAndTheNewestMessagesOfALongThreadStayKnown) {
  world.Receive("m1", {.thread = "t"});
  for (int i = 2; i <= 40; ++i) world.Receive(absl::StrCat("m", i), {.thread = "t"});

  EXPECT_THAT(world.Receive("a", {.references = {"<m1>"}}), ElementsAre("m1 message"));
  EXPECT_THAT(world.Receive("b", {.references = {"<m40>"}}), ElementsAre("m1 message"));
  EXPECT_THAT(world.Receive("c", {.references = {"<m5>"}}),
              ElementsAre("c opened", "c message", "c queued general"));
}

TEST_F(ThreadingTest, ARepeatedInteractionChangesNothing) {
  world.Receive("m1");

  EXPECT_THAT(world.Receive("m1"), IsEmpty());
}

TEST_F(ThreadingTest, ARepeatedPositionChangesNothing) {
  world.Receive("m1", {.position = 7});
  world.Receive("m2", {.position = 8});

  EXPECT_THAT(world.Receive("m1", {.position = 7}), IsEmpty());
  EXPECT_EQ(world.records().back().topic, "trama.conversations.v1");
}

TEST_F(ThreadingTest, AnUnknownInteractionAtAPassedPositionRaisesAnAlarm) {
  world.Receive("m1", {.position = 8});

  EXPECT_THAT(world.Receive("m2", {.position = 7}), IsEmpty());
  EXPECT_EQ(world.records().back().topic, "trama.deadletter.v1");
}

TEST_F(ThreadingTest, EqualKeysAndVendorIdsOfTwoWorkspacesAreTwoThreads) {
  config.In("other").Queue("general");
  Configure();
  world.Receive("m1", {.thread = "t", .vendor_id = "<v>"});

  EXPECT_THAT(world.Receive("m2", {.workspace = "other", .thread = "t", .references = {"<v>"}}),
              ElementsAre("m2 opened", "m2 message", "m2 queued general"));
}

TEST_F(ThreadingTest, WorkWithoutAnIdIsADeadLetter) {
  world.Receive("");

  ASSERT_EQ(world.records().size(), 1u);
  EXPECT_EQ(world.records().front().topic, "trama.deadletter.v1");
}

TEST_F(ThreadingTest, AnInteractionIsKnownForTwoDaysAfterItsConversationHasClosed) {
  config.Workspace().set_reopen_window("1h");
  Configure();
  world.Receive("m1", {.automatic = true});
  world.RunUntil(absl::Hours(47));

  EXPECT_THAT(world.Receive("m1", {.automatic = true}), IsEmpty());
}

TEST_F(ThreadingTest, AnInteractionOfAnOpenConversationIsKnownHoweverOld) {
  world.Receive("m1");
  world.RunUntil(absl::Hours(24 * 30));

  EXPECT_THAT(world.Receive("m1"), IsEmpty());
}

TEST_F(ThreadingTest, WhatNobodyCanRepeatIsForgotten) {
  config.Workspace().set_reopen_window("1h");
  Configure();
  world.Receive("m1", {.automatic = true});
  world.RunUntil(absl::Hours(24 * 5));

  EXPECT_THAT(world.rows(), Not(Contains(Key(::testing::StartsWith("seen/")))));
  EXPECT_THAT(world.rows(), Not(Contains(Key(::testing::StartsWith("conversation/")))));
}

}  // namespace
}  // namespace trama::routing::testing
