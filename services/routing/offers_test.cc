#include "services/routing/offers.h"

#include "absl/strings/str_cat.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ana is there and is asked for m1.
class OffersTest : public RoutingTest {
 protected:
  OffersTest() {
    Configure();
    world.Online("ana");
    world.Receive("m1");
  }
};

TEST_F(OffersTest, AcceptingTellsHowLongTheCustomerWaited) {
  world.Pass(absl::Seconds(7));

  EXPECT_THAT(world.Accept("ana", "m1").words, ElementsAre("m1 accepted by ana"));
  const auto accepted = world.Last(ConversationEvent::kAccepted).accepted();
  EXPECT_EQ(accepted.waited_ms(), 7000);
  EXPECT_EQ(accepted.waited_from_first_ms(), 7000);
  EXPECT_EQ(accepted.queue(), "general");
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_ASSIGNED);
}

TEST_F(OffersTest, AnUnansweredOfferGoesBackWithItsAge) {
  EXPECT_THAT(world.RunUntil(absl::Seconds(20)), ElementsAre("m1 timed out at ana"));

  const auto ended = world.Last(ConversationEvent::kOfferEnded);
  EXPECT_EQ(ended.state(), conversation::v1::STATE_QUEUED);
  EXPECT_EQ(ended.offer_ended().excluded_until().seconds() - ended.occurred_at().seconds(), 120);
  EXPECT_EQ(world.Get("m1").first_enqueued_at().seconds(), world.Get("m1").opened_at().seconds());
}

TEST_F(OffersTest, AfterATimeOutAnotherIsAskedAtOnce) {
  world.Online("bruno");

  EXPECT_THAT(world.RunUntil(absl::Seconds(20)),
              ElementsAre("m1 timed out at ana", "m1 offered to bruno"));
}

TEST_F(OffersTest, WhoDidNotAnswerIsAskedAgainOnlyAfterAWhile) {
  EXPECT_THAT(world.RunUntil(absl::Seconds(139)), ElementsAre("m1 timed out at ana"));
  EXPECT_THAT(world.RunUntil(absl::Seconds(140)), ElementsAre("m1 offered to ana"));
}

TEST_F(OffersTest, WhoDidNotAnswerStandsBehindOthersForNewWork) {
  world.RunUntil(absl::Seconds(15));
  world.Online("bruno");
  world.RunUntil(absl::Seconds(20));
  world.Decline("bruno", "m1");

  EXPECT_THAT(world.Receive("m2"), Contains("m2 offered to bruno"));
}

TEST_F(OffersTest, ADeclinedOfferGoesToTheNextAndKeepsTheReason) {
  world.Online("bruno");

  EXPECT_THAT(world.Decline("ana", "m1", "wrong_skill").words,
              ElementsAre("m1 declined by ana", "m1 offered to bruno"));
  EXPECT_EQ(world.Last(ConversationEvent::kOfferEnded).offer_ended().detail(), "wrong_skill");
}

TEST_F(OffersTest, TheQueuesTimeOutIsStrongerThanTheWorkspaces) {
  config.Queue("general").set_offer_timeout("5s");
  Configure();
  world.Receive("m2");
  world.Accept("ana", "m1");

  EXPECT_THAT(world.RunUntil(absl::Seconds(5)), ElementsAre("m2 timed out at ana"));
}

TEST_F(OffersTest, AcceptingTooLateGetsATypedAnswer) {
  world.RunUntil(absl::Seconds(20));

  EXPECT_EQ(world.Accept("ana", "m1").reason(), "OFFER_ALREADY_TIMED_OUT");
}

TEST_F(OffersTest, TheDeadlineCountsEvenBeforeItsTickHasCome) {
  world.At(absl::Seconds(20));
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(world.OfferOf("ana", "m1"));

  const auto outcome = world.Call("ana", request);
  EXPECT_EQ(outcome.reason(), "OFFER_ALREADY_TIMED_OUT");
  EXPECT_THAT(outcome.words, ElementsAre("m1 timed out at ana"));
}

TEST_F(OffersTest, AnOfferStandsUntilItsLastMillisecond) {
  EXPECT_THAT(world.RunUntil(absl::Seconds(20) - absl::Milliseconds(1)), IsEmpty());
  EXPECT_TRUE(world.Accept("ana", "m1").status.ok());
}

TEST_F(OffersTest, TheDeadlineCountsEvenWhenMoreOffersEndThanOneInputHandles) {
  config.Agent("ana").set_units(25 * 200);
  Configure();
  std::string last = "m1";
  for (int i = 2; i < 100; ++i) {
    const std::string name = absl::StrCat("m", i);
    world.Receive(name);
    if (world.IdOf(name) > world.IdOf(last)) last = name;
  }
  world.At(absl::Seconds(20));
  EXPECT_EQ(world.Accept("ana", last).reason(), "OFFER_ALREADY_TIMED_OUT");
}

TEST_F(OffersTest, AcceptingWhatSomebodyElseHasGetsATypedAnswer) {
  const std::string old_offer = world.OfferOf("ana", "m1");
  world.Online("bruno");
  // So many offers ago that its end is not remembered any more.
  for (int i = 0; i < 10; ++i) {
    world.Decline(i % 2 == 0 ? "ana" : "bruno", "m1");
    world.Pass(absl::Minutes(3));
    world.Tick();
  }
  const std::string holder = world.Get("m1").agent_id();
  ASSERT_FALSE(holder.empty());
  if (holder == "ana") world.Decline("ana", "m1");
  ASSERT_TRUE(world.Accept("bruno", "m1").status.ok());

  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(old_offer);
  EXPECT_EQ(world.Call("ana", request).reason(), "OFFER_ACCEPTED_BY_OTHER");
}

TEST_F(OffersTest, AcceptingWhatWasDeclinedOrWithdrawnGetsATypedAnswer) {
  world.Decline("ana", "m1");
  EXPECT_EQ(world.Accept("ana", "m1").reason(), "OFFER_WITHDRAWN");
}

TEST_F(OffersTest, AcceptingWhatWasNeverOfferedGetsATypedAnswer) {
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  for (const char* id : {"nonsense", "", "a.1.1.ana"}) {
    request.set_offer_id(id);
    EXPECT_EQ(world.Call("ana", request).reason(), "OFFER_UNKNOWN") << id;
  }
  request.set_offer_id(OfferId{world.IdOf("m1"), 900, 1, "ana"}.ToString());
  EXPECT_EQ(world.Call("ana", request).reason(), "OFFER_UNKNOWN");
}

TEST_F(OffersTest, NobodyAcceptsAnothersOffer) {
  world.Online("bruno");
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(world.OfferOf("ana", "m1"));

  EXPECT_EQ(world.Call("bruno", request).reason(), "NOT_YOURS");
}

TEST_F(OffersTest, ASupervisorMayAcceptForAnAgent) {
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(world.OfferOf("ana", "m1"));
  request.set_agent_id("ana");

  EXPECT_EQ(world.Call("bruno", request).reason(), "ROLE_MISSING");
  EXPECT_TRUE(world.Call("boss", request, "", {"supervisor"}).status.ok());
  const auto accepted = world.Last(ConversationEvent::kAccepted);
  EXPECT_EQ(accepted.actor().id(), "boss");
  EXPECT_EQ(accepted.accepted().agent_id(), "ana");
}

TEST_F(OffersTest, ARepeatedAcceptGetsTheFirstAnswer) {
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(world.OfferOf("ana", "m1"));
  const auto first = world.Call("ana", request, "same");

  const auto second = world.Call("ana", request, "same");
  EXPECT_THAT(second.words, IsEmpty());
  EXPECT_TRUE(second.status.ok());
  EXPECT_EQ(first.response->SerializeAsString(), second.response->SerializeAsString());
}

TEST_F(OffersTest, AcceptingAgainWithANewCommandIdIsStillYes) {
  world.Accept("ana", "m1");

  const auto again = world.Accept("ana", "m1");
  EXPECT_TRUE(again.status.ok());
  EXPECT_THAT(again.words, IsEmpty());
}

TEST_F(OffersTest, ARefusalIsRememberedWithItsReason) {
  world.RunUntil(absl::Seconds(20));
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(world.OfferOf("ana", "m1"));
  world.Call("ana", request, "same");

  EXPECT_EQ(world.Call("ana", request, "same").reason(), "OFFER_ALREADY_TIMED_OUT");
}

TEST_F(OffersTest, ACommandWithoutAnIdIsRefused) {
  Command command;
  command.caller = {.subject = "ana", .workspace = "", .roles = {"agent"}};
  auto request = std::make_shared<v1::AcceptOfferRequest>();
  request->set_workspace("demo");
  request->set_offer_id(world.OfferOf("ana", "m1"));
  command.request = request;

  EXPECT_THAT(world.Apply(command), IsEmpty());
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_OFFERED);
}

TEST_F(OffersTest, AfterATakeoverOpenOffersGetAFullNewDeadline) {
  world.Pass(absl::Seconds(19));
  EXPECT_THAT(world.Restart(), IsEmpty());

  EXPECT_THAT(world.RunUntil(absl::Seconds(38)), IsEmpty());
  EXPECT_TRUE(world.Accept("ana", "m1").status.ok());
}

TEST_F(OffersTest, AnOfferSaysWhichOwnerMadeIt) {
  OfferId first;
  ASSERT_TRUE(OfferId::Parse(world.OfferOf("ana", "m1"), first));
  world.Restart();
  world.Receive("m2");
  OfferId second;
  ASSERT_TRUE(OfferId::Parse(world.OfferOf("ana", "m2"), second));
  EXPECT_EQ(second.incarnation, first.incarnation + 1);
}

TEST_F(OffersTest, AnOfferOfALostOwnerThatNeverCameAboutIsWithdrawn) {
  world.Accept("ana", "m1");
  world.Restart();
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(OfferId{world.IdOf("m1"), 900, 1, "ana"}.ToString());

  EXPECT_EQ(world.Call("ana", request).reason(), "OFFER_WITHDRAWN");
}

TEST_F(OffersTest, TheAgentIsToldWhenHisOfferIsOver) {
  world.RunUntil(absl::Seconds(20));

  const auto& update = static_cast<const v1::AgentUpdate&>(*world.pushes().back().message);
  EXPECT_EQ(update.offer_over().offer_id(), world.OfferOf("ana", "m1"));
  EXPECT_EQ(update.offer_over().reason(), conversation::v1::OfferEnded::REASON_TIMED_OUT);
}

}  // namespace
}  // namespace trama::routing::testing
