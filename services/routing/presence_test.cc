#include "services/routing/presence.h"

#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PresenceTest : public RoutingTest {
 protected:
  World::Outcome Beat(const std::string& agent) {
    v1::HeartbeatRequest request;
    request.set_workspace("demo");
    return world.Call(agent, request);
  }
};

TEST_F(PresenceTest, AChangeIsAFactWithItsReasonAndDuration) {
  Configure();
  world.Online("ana");
  world.Pass(absl::Minutes(10));
  world.Presence("ana", agent::v1::PRESENCE_AWAY, "lunch");

  const agent::v1::PresenceChanged changed = world.AgentEvents().back().presence_changed();
  EXPECT_EQ(changed.from(), agent::v1::PRESENCE_AVAILABLE);
  EXPECT_EQ(changed.to(), agent::v1::PRESENCE_AWAY);
  EXPECT_EQ(changed.reason(), "lunch");
  EXPECT_EQ(changed.duration_ms(), 600'000);
}

TEST_F(PresenceTest, TheSameAgainIsNoFact) {
  Configure();
  world.Online("ana");
  const size_t before = world.AgentEvents().size();
  world.Online("ana");

  EXPECT_EQ(world.AgentEvents().size(), before);
}

TEST_F(PresenceTest, ReasonsAreThoseOfTheWorkspace) {
  config.Workspace().add_presence_reasons("lunch");
  Configure();

  EXPECT_EQ(world.Presence("ana", agent::v1::PRESENCE_AWAY, "golf").reason(), "INVALID_FIELD");
  EXPECT_TRUE(world.Presence("ana", agent::v1::PRESENCE_AWAY, "lunch").status.ok());
}

TEST_F(PresenceTest, WithoutAListAnyShortReasonWillDo) {
  Configure();

  EXPECT_TRUE(world.Presence("ana", agent::v1::PRESENCE_BUSY, "golf").status.ok());
  EXPECT_EQ(world.Presence("ana", agent::v1::PRESENCE_BUSY, std::string(65, 'x')).reason(),
            "INVALID_FIELD");
}

TEST_F(PresenceTest, WhoGoesAwayLosesHisOffersAndKeepsHisConversations) {
  AnaHasM1();
  world.Receive("m2");

  EXPECT_THAT(world.Presence("ana", agent::v1::PRESENCE_BUSY).words,
              ElementsAre("m2 withdrawn from ana"));
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_ASSIGNED);
  EXPECT_FALSE(world.Last(ConversationEvent::kOfferEnded).offer_ended().has_excluded_until());
}

TEST_F(PresenceTest, WhoIsNotAvailableIsNotAsked) {
  Configure();
  world.Presence("ana", agent::v1::PRESENCE_BUSY);

  EXPECT_THAT(world.Receive("m1"), ElementsAre("m1 opened", "m1 message", "m1 queued general"));
}

TEST_F(PresenceTest, WhoeverIsNotConfiguredIsNobody) {
  Configure();

  EXPECT_EQ(world.Online("zoe").reason(), "UNKNOWN_AGENT");
  EXPECT_EQ(world.Online("ana", "nowhere").reason(), "UNKNOWN_AGENT");
}

TEST_F(PresenceTest, AnUnknownPresenceIsRefused) {
  Configure();

  EXPECT_EQ(world.Presence("ana", agent::v1::PRESENCE_UNSPECIFIED).reason(), "INVALID_FIELD");
}

TEST_F(PresenceTest, ALostHeartbeatTakesOffersAwayAndSaysSo) {
  config.Workspace().set_heartbeat_timeout("30s");
  Configure();
  world.Online("ana");
  world.RunUntil(absl::Seconds(25));
  world.Receive("m1");

  EXPECT_THAT(world.RunUntil(absl::Seconds(30)), ElementsAre("m1 withdrawn from ana"));
  const auto events = world.AgentEvents();
  EXPECT_EQ(events[events.size() - 2].heartbeat_lost().silent_ms(), 30'000);
  EXPECT_EQ(events.back().presence_changed().to(), agent::v1::PRESENCE_OFFLINE);
  EXPECT_EQ(events.back().presence_changed().reason(), "unreachable");
}

TEST_F(PresenceTest, AHeartbeatKeepsTheAgent) {
  config.Workspace().set_heartbeat_timeout("30s");
  Configure();
  world.Online("ana");
  for (int s = 10; s <= 100; s += 10) {
    world.RunUntil(absl::Seconds(s));
    EXPECT_EQ(Beat("ana").As<v1::HeartbeatResponse>().timeout_ms(), 30'000);
  }
  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_AVAILABLE);

  world.RunUntil(absl::Seconds(130));
  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_OFFLINE);
}

TEST_F(PresenceTest, AnyCommandOfHisIsAHeartbeat) {
  config.Workspace().set_heartbeat_timeout("30s");
  Configure();
  world.Online("ana");
  world.Receive("m1");
  world.RunUntil(absl::Seconds(15));
  world.Accept("ana", "m1");
  world.RunUntil(absl::Seconds(44));

  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_AVAILABLE);
}

TEST_F(PresenceTest, WhatASupervisorDoesForHimIsNoHeartbeat) {
  config.Workspace().set_heartbeat_timeout("30s");
  Configure();
  world.Online("ana");
  world.RunUntil(absl::Seconds(20));
  v1::SetPresenceRequest request;
  request.set_workspace("demo");
  request.set_agent_id("ana");
  request.set_presence(agent::v1::PRESENCE_AVAILABLE);
  world.Call("boss", request, "", {"supervisor"});
  world.RunUntil(absl::Seconds(30));

  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_OFFLINE);
}

TEST_F(PresenceTest, TimeWithoutAnOwnerIsNobodysMiss) {
  config.Workspace().set_heartbeat_timeout("30s");
  Configure();
  world.Online("ana");
  world.RunUntil(absl::Seconds(29));
  world.Restart();
  world.RunUntil(absl::Seconds(58));
  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_AVAILABLE);

  world.RunUntil(absl::Seconds(59));
  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_OFFLINE);
}

TEST_F(PresenceTest, AShorterTimeoutCountsForThoseWhoArePresentAlready) {
  config.Workspace().set_heartbeat_timeout("1h");
  Configure();
  world.Online("ana");
  world.Pass(absl::Seconds(10));
  config.Workspace().set_heartbeat_timeout("30s");
  Configure();
  world.RunUntil(absl::Seconds(29));
  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_AVAILABLE);

  world.RunUntil(absl::Seconds(30));
  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_OFFLINE);
}

TEST_F(PresenceTest, HeartbeatsWriteNothing) {
  Configure();
  world.Online("ana");
  const auto rows = world.rows();
  const size_t records = world.records().size();
  world.Pass(absl::Seconds(5));
  Beat("ana");

  EXPECT_EQ(world.rows(), rows);
  EXPECT_EQ(world.records().size(), records);
}

}  // namespace
}  // namespace trama::routing::testing
