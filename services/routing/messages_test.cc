#include "services/routing/messages.h"

#include "services/routing/testing/routing_test.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kTrace[] = "00-0af7651916cd43dd8448eb211c80319c-";
constexpr char kSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kUnsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

class MessagesTest : public RoutingTest {
 protected:
  const v1::AgentUpdate& NewestUpdate() const {
    return static_cast<const v1::AgentUpdate&>(*world.pushes().back().message);
  }
};

TEST_F(MessagesTest, AMessageToAnAgentsConversationReachesHim) {
  AnaHasM1();
  const size_t before = world.pushes().size();

  EXPECT_THAT(world.Receive("m2", {.token = world.IdOf("m1")}), ElementsAre("m1 message"));

  ASSERT_EQ(world.pushes().size(), before + 1);
  EXPECT_EQ(world.pushes().back().stream, "demo/ana");
  EXPECT_EQ(NewestUpdate().message().interaction_id(), "m2");
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
  world.Receive("m1", {.traceparent = kSampled});

  const std::string& traceparent = world.records().back().traceparent;
  EXPECT_THAT(traceparent, StartsWith(kTrace));
  EXPECT_NE(traceparent, kSampled);
}

TEST_F(MessagesTest, AnOfferCarriesTheTraceOfTheQuestionWhoeverMadeRoom) {
  Configure();
  world.Receive("m1", {.traceparent = kSampled});
  const std::string taken_in = world.records().back().traceparent;
  world.Online("ana");

  EXPECT_EQ(NewestUpdate().offer().conversation().traceparent(), taken_in);
  EXPECT_THAT(taken_in, StartsWith(kTrace));
  world.Restart();
  EXPECT_EQ(world.Get("m1").traceparent(), taken_in);
}

TEST_F(MessagesTest, AnAgentIsToldTheTraceOfTheNewestQuestion) {
  AnaHasM1({.traceparent = kSampled});
  const std::string first = world.Get("m1").traceparent();
  EXPECT_EQ(NewestUpdate().conversation().traceparent(), first);

  world.Receive("m2", {.token = world.IdOf("m1"), .traceparent = kSampled});
  const std::string second = NewestUpdate().message().traceparent();
  EXPECT_THAT(second, StartsWith(kTrace));
  EXPECT_NE(second, first);

  world.Receive("m3", {.token = world.IdOf("m1"), .automatic = true});
  EXPECT_EQ(NewestUpdate().message().traceparent(), second) << "nobody answers an automatic one";
}

TEST_F(MessagesTest, ATraceThatIsNotSampledIsNotKept) {
  AnaHasM1({.traceparent = kSampled});
  world.Receive("m2", {.token = world.IdOf("m1"), .traceparent = kUnsampled});

  EXPECT_EQ(NewestUpdate().message().interaction_id(), "m2");
  EXPECT_EQ(NewestUpdate().message().traceparent(), "");
  EXPECT_EQ(world.Get("m1").traceparent(), "");
}

TEST_F(MessagesTest, AConversationThatHasEndedKeepsNoTrace) {
  AnaHasM1({.thread = "t", .traceparent = kSampled});
  world.Resolve("ana", "m1");
  EXPECT_EQ(world.Get("m1").traceparent(), "");

  world.Receive("m2", {.thread = "t", .traceparent = kSampled});
  EXPECT_THAT(world.Get("m1").traceparent(), StartsWith(kTrace));
}

TEST_F(MessagesTest, WorkWithoutASourceIsADeadLetterOfItsOwnPlace) {
  Configure();
  LogEntry entry;
  entry.topic = "trama.work.v1";
  entry.partition = 3;
  entry.offset = 17;
  entry.message = std::make_shared<const v1::Work>();
  world.Apply(std::move(entry));
  deadletter::v1::DeadLetter letter;
  ASSERT_TRUE(letter.ParseFromString(world.records().back().value));
  EXPECT_EQ(letter.source(), "trama.work.v1/3/17");
}

}  // namespace
}  // namespace trama::routing::testing
