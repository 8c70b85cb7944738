#include "services/routing/reconcile.h"

#include "absl/strings/str_cat.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class ReconcileTest : public RoutingTest {};

TEST_F(ReconcileTest, AnEqualRevisionChangesNothing) {
  Configure();
  world.Receive("m1");
  const auto rows = world.rows();
  ConfigRevision again = config.Next();
  again.revision = 1;

  EXPECT_THAT(world.Apply(again), IsEmpty());
  EXPECT_EQ(world.rows(), rows);
}

TEST_F(ReconcileTest, ADeletedQueuesConversationsTryTheOthersWithTheirAge) {
  config.Queue("first").set_order(1);
  Configure();
  world.Receive("m1");
  world.Pass(absl::Minutes(5));
  config.Remove("Queue", "first");

  EXPECT_THAT(world.Configure(config), ElementsAre("m1 queued general"));
  const auto queued = world.Last(ConversationEvent::kQueued).queued();
  EXPECT_FALSE(queued.is_new_entry());
  EXPECT_EQ(queued.first_enqueued_at().seconds(), world.Get("m1").opened_at().seconds());
}

TEST_F(ReconcileTest, AnOfferOfADeletedQueueIsWithdrawnAndMadeAnew) {
  config.Queue("first").set_order(1);
  Configure();
  world.Online("ana");
  world.Receive("m1");
  config.Remove("Queue", "first");

  EXPECT_THAT(world.Configure(config),
              ElementsAre("m1 withdrawn from ana", "m1 queued general", "m1 offered to ana"));
}

TEST_F(ReconcileTest, AnAssignedConversationOfADeletedQueueGoesOn) {
  config.Queue("first").set_order(1);
  AnaHasM1();
  config.Remove("Queue", "first");

  EXPECT_THAT(world.Configure(config), IsEmpty());
  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
  EXPECT_TRUE(world.Resolve("ana", "m1").status.ok());
}

TEST_F(ReconcileTest, ANewQueueDoesNotPullWhatWaitsElsewhere) {
  Configure();
  world.Receive("m1");
  config.Queue("first").set_order(1);

  EXPECT_THAT(world.Configure(config), IsEmpty());
  EXPECT_EQ(world.Get("m1").queue(), "general");
}

TEST_F(ReconcileTest, ADeletedAgentsConversationsWaitAgainWithTheirAge) {
  AnaHasM1();
  world.Receive("m2");
  world.Pass(absl::Seconds(10));
  config.Remove("Agent", "ana");

  EXPECT_THAT(world.Configure(config),
              ::testing::UnorderedElementsAre("m1 queued general", "m2 withdrawn from ana"));
  EXPECT_EQ(world.AgentEvents().back().load_changed().units_held(), 0);
  EXPECT_THAT(world.rows(), Not(Contains(::testing::Key("agent/demo/ana"))));
  EXPECT_THAT(world.Online("bruno").words,
              ElementsAre("m1 offered to bruno", "m2 offered to bruno"));
  EXPECT_TRUE(world.Last(ConversationEvent::kQueued).queued().is_new_entry());
}

TEST_F(ReconcileTest, ADeletedAgentsWrapUpEnds) {
  config.Queue("general").mutable_wrap_up()->set_mode(config::v1::WrapUp::MANDATORY);
  AnaHasM1();
  world.Resolve("ana", "m1");
  config.Remove("Agent", "ana");

  EXPECT_THAT(world.Configure(config), ElementsAre("m1 wrapped up: AGENT_DELETED"));
}

TEST_F(ReconcileTest, AnAgentWhoLosesTheSkillLosesTheOffer) {
  Require(config.Queue("general"), "billing");
  (*config.Agent("ana").mutable_skills())["billing"] = 3;
  AnaHasM1();
  world.Receive("m2");
  config.Agent("ana").clear_skills();

  EXPECT_THAT(world.Configure(config), ElementsAre("m2 withdrawn from ana"));
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_ASSIGNED);
}

TEST_F(ReconcileTest, AnAgentWhoGetsTheSkillGetsTheWork) {
  Require(config.Queue("general"), "billing");
  Configure();
  world.Online("ana");
  world.Receive("m1");
  (*config.Agent("ana").mutable_skills())["billing"] = 3;

  EXPECT_THAT(world.Configure(config), ElementsAre("m1 offered to ana"));
}

TEST_F(ReconcileTest, MoreUnitsAreUsedAtOnce) {
  config.Agent("ana").set_units(25);
  AnaHasM1();
  world.Receive("m2");
  config.Agent("ana").set_units(50);

  EXPECT_THAT(world.Configure(config), ElementsAre("m2 offered to ana"));
}

TEST_F(ReconcileTest, ADeletedAndAddedAgentStartsAnew) {
  AnaHasM1();
  config.Remove("Agent", "ana");
  Configure();
  config.Agent("ana");
  Configure();

  EXPECT_EQ(world.GetAgent("ana").presence(), agent::v1::PRESENCE_OFFLINE);
  EXPECT_THAT(world.Online("ana").words, ElementsAre("m1 offered to ana"));
}

TEST_F(ReconcileTest, ResourcesOfOtherPartitionsAreNotKept) {
  config.In("elsewhere", 3).Queue("general");
  Configure();

  for (const auto& [key, value] : world.rows()) EXPECT_EQ(key.find("elsewhere"), std::string::npos);
}

TEST_F(ReconcileTest, WhatOneOwnerLeftUnsettledTheNextSettles) {
  config.Queue("first").set_order(1);
  Configure();
  for (int i = 0; i < 200; ++i) world.Receive(absl::StrCat("m", i));
  config.Remove("Queue", "first");
  // Only the revision's own step, none of the ticks after it.
  Effects effects;
  world.machine().Apply({.now = world.now(), .caught_up = world.now()}, config.Next(), effects);
  std::map<std::string, std::string> rows = world.rows();
  for (const RowChange& change : world.machine().TakeChangedRows()) {
    if (change.value)
      rows[change.key] = *change.value;
    else
      rows.erase(change.key);
  }

  RoutingMachine next(0);
  for (const auto& [key, value] : rows) ASSERT_TRUE(next.LoadRow(key, value).ok());
  const Stamp at{.now = world.now(), .caught_up = world.now()};
  next.Apply(at, TakenOver{2}, effects);
  while (next.NextDeadline() <= world.now()) next.Apply(at, trama::Tick{}, effects);
  for (const auto& [key, conversation] : next.state().awake()) {
    EXPECT_EQ(conversation->row->queue(), "general");
  }
}

}  // namespace
}  // namespace trama::routing::testing
