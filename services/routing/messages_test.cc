#include "services/routing/messages.h"

#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MessagesTest : public RoutingTest {};

TEST_F(MessagesTest, AMessageToAnAgentsConversationReachesHim) {
  AnaHasM1();
  const size_t before = world.pushes().size();

  EXPECT_THAT(world.Receive("m2", {.token = world.IdOf("m1")}), ElementsAre("m1 message"));

  ASSERT_EQ(world.pushes().size(), before + 1);
  const auto& update = static_cast<const v1::AgentUpdate&>(*world.pushes().back().message);
  EXPECT_EQ(world.pushes().back().stream, "demo/ana");
  EXPECT_EQ(update.message().interaction_id(), "m2");
  EXPECT_FALSE(world.pushes().back().proposal);
}

TEST_F(MessagesTest, AnAutomaticMessageIsKeptAndNeverQueued) {
  Configure();

  EXPECT_THAT(world.Receive("m1", {.automatic = true}),
              ElementsAre("m1 opened", "m1 automatic message"));
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_UNATTENDED);
}

TEST_F(MessagesTest, APersonsMessageQueuesAnUnattendedConversation) {
  Configure();
  world.Receive("m1", {.thread = "t", .automatic = true});

  EXPECT_THAT(world.Receive("m2", {.thread = "t"}), ElementsAre("m1 message", "m1 queued general"));
}

TEST_F(MessagesTest, AnAutomaticMessageDoesNotReopen) {
  AnaHasM1({.thread = "t"});
  world.Resolve("ana", "m1");

  EXPECT_THAT(world.Receive("m2", {.thread = "t", .automatic = true}),
              ElementsAre("m1 automatic message"));
}

TEST_F(MessagesTest, AnOutOfOfficeReplyDoesNotBecomeWhoIsAnswered) {
  AnaHasM1({.from = "ana@x.test", .thread = "t"});
  world.Receive("m2", {.from = "daemon@x.test", .thread = "t", .automatic = true});
  world.Reply("ana", "m1");

  EXPECT_EQ(world.Outbound().front().recipient().value(), "ana@x.test");
}

TEST_F(MessagesTest, TheAnswerGoesToWhoeverWroteLast) {
  AnaHasM1({.from = "ana@x.test", .cc = {"bob@x.test"}});
  world.Receive("m2", {.from = "bob@x.test", .references = {"<m1>"}});
  world.Reply("ana", "m1");

  const outbound::v1::OutboundMessage message = world.Outbound().front();
  EXPECT_EQ(message.recipient().value(), "bob@x.test");
  EXPECT_EQ(message.in_reply_to(), "<m2>");
  EXPECT_THAT(message.references(), ElementsAre("<m1>", "<m2>"));
}

TEST_F(MessagesTest, FetchedMediaReachTheAgentWithoutAnEvent) {
  AnaHasM1();
  const size_t before = world.pushes().size();

  EXPECT_THAT(world.Receive("m2", {.kind = interaction::v1::KIND_MEDIA, .amends = "m1"}),
              IsEmpty());
  EXPECT_EQ(world.pushes().size(), before + 1);
}

TEST_F(MessagesTest, AChangeOfAnUnknownMessageIsNoConversation) {
  Configure();

  EXPECT_THAT(world.Receive("m2", {.kind = interaction::v1::KIND_EDIT, .amends = "m1"}), IsEmpty());
}

TEST_F(MessagesTest, AnOptOutIsAFactAndWaitsForNobody) {
  Configure();

  EXPECT_THAT(world.Receive("m1", {.kind = interaction::v1::KIND_CONSENT}),
              ElementsAre("m1 opened", "m1 consent 0"));
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_UNATTENDED);
}

TEST_F(MessagesTest, EventsSayWhenWeReceivedTheMessage) {
  Configure();
  world.Receive("m1", {.received_ago = absl::Minutes(3)});

  const auto queued = world.Last(ConversationEvent::kQueued);
  EXPECT_EQ(queued.occurred_at().seconds() - queued.queued().enqueued_at().seconds(), 180);
}

TEST_F(MessagesTest, AReceiptTimeInTheFutureCountsAsNow) {
  Configure();
  world.Receive("m1", {.received_ago = -absl::Hours(1)});

  const auto queued = world.Last(ConversationEvent::kQueued);
  EXPECT_EQ(queued.occurred_at().seconds(), queued.queued().enqueued_at().seconds());
}

TEST_F(MessagesTest, WorkOfAWorkspaceThatIsNotConfiguredYetWaitsForIt) {
  EXPECT_THAT(world.Receive("m1"), ElementsAre("m1 opened", "m1 message", "m1 queued "));

  EXPECT_THAT(world.Configure(config), ElementsAre("m1 queued general"));
}

TEST_F(MessagesTest, ARepeatIsKnownForTwoDaysEvenWhenItsConversationIsClosed) {
  config.Workspace().set_reopen_window("10m");
  AnaHasM1();
  world.Resolve("ana", "m1");
  world.RunUntil(absl::Hours(47));
  ASSERT_EQ(world.Get("m1").state(), conversation::v1::STATE_CLOSED);

  EXPECT_THAT(world.Receive("m1"), IsEmpty());
}

TEST_F(MessagesTest, TheTraceOfTheMessageGoesOnInWhatItCauses) {
  Configure();
  LogEntry entry;
  entry.id = "m1";
  entry.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  entry.message = std::make_shared<const v1::Work>(World::WorkOf("m1", Mail(), world.now()));
  world.Apply(std::move(entry));

  const std::string& traceparent = world.records().back().traceparent;
  EXPECT_EQ(traceparent.substr(0, 36), "00-0af7651916cd43dd8448eb211c80319c-");
  EXPECT_NE(traceparent.substr(36, 16), "b7ad6b7169203331");
}

}  // namespace
}  // namespace trama::routing::testing
