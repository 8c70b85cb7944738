#include "services/routing/queueing.h"

#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class QueueingTest : public RoutingTest {
 protected:
  std::string QueueOf(const std::string& interaction_id, const Mail& mail) {
    world.Receive(interaction_id, mail);
    return world.Get(interaction_id).queue();
  }
};

TEST_F(QueueingTest, QueuesAreTriedInOrderThenByName) {
  config.Queue("b").set_order(2);
  config.Queue("a").set_order(2);
  config.Queue("z").set_order(1);
  config.Queue("z").mutable_when()->add_channels("sms");
  Configure();

  EXPECT_EQ(QueueOf("m1", {.channel = "email"}), "a");
  EXPECT_EQ(QueueOf("m2", {.channel = "sms"}), "z");
}

TEST_F(QueueingTest, AConditionCanAskForTheAccount) {
  config.Queue("sales").mutable_when()->add_channel_accounts("sales");
  Configure();

  EXPECT_EQ(QueueOf("m1", {.account = "sales"}), "sales");
  EXPECT_EQ(QueueOf("m2", {.account = "help"}), "general");
}

TEST_F(QueueingTest, AConditionCanAskForTheLanguage) {
  config.Queue("portuguese").mutable_when()->add_languages("pt");
  Configure();

  EXPECT_EQ(QueueOf("m1", {.language = "pt-BR"}), "portuguese");
  EXPECT_EQ(QueueOf("m2", {.language = "pt"}), "portuguese");
  EXPECT_EQ(QueueOf("m3", {.language = "ptx"}), "general");
  EXPECT_EQ(QueueOf("m4", {.language = ""}), "general");
}

TEST_F(QueueingTest, TheCustomersLanguageCountsWhenTheMessageHasNone) {
  config.Queue("portuguese").mutable_when()->add_languages("pt");
  Configure();

  EXPECT_EQ(QueueOf("m1", {.facts = {{"language", "pt-BR"}}}), "portuguese");
}

TEST_F(QueueingTest, AConditionCanAskForWordsWithoutCaseAndAccents) {
  config.Queue("complaints").mutable_when()->add_text_contains("Reclamação");
  Configure();

  EXPECT_EQ(QueueOf("m1", {.text = "uma RECLAMACAO urgente"}), "complaints");
  EXPECT_EQ(QueueOf("m2", {.text = "oi", .subject = "reclamação"}), "complaints");
  EXPECT_EQ(QueueOf("m3", {.text = "oi"}), "general");
}

TEST_F(QueueingTest, AConditionCanAskForFactsOfTheCustomer) {
  (*config.Queue("gold").mutable_when()->mutable_customer_facts())["segment"] = "gold";
  Configure();

  EXPECT_EQ(QueueOf("m1", {.facts = {{"segment", "gold"}}}), "gold");
  EXPECT_EQ(QueueOf("m2", {.facts = {{"segment", "silver"}}}), "general");
}

TEST_F(QueueingTest, AllThatAConditionListsMustHold) {
  config.Queue("both").mutable_when()->add_channels("sms");
  config.Queue("both").mutable_when()->add_languages("pt");
  Configure();

  EXPECT_EQ(QueueOf("m1", {.channel = "sms", .language = "pt"}), "both");
  EXPECT_EQ(QueueOf("m2", {.channel = "sms", .language = "en"}), "general");
}

TEST_F(QueueingTest, TheEventSaysWhyThisQueue) {
  config.Queue("billing").mutable_when()->add_channels("email");
  config.Queue("billing").mutable_when()->add_text_contains("invoice");
  config.Queue("billing").set_priority(2);
  Require(config.Queue("billing"), "billing", 3);
  Configure();
  world.Receive("m1", {.text = "my Invoice is wrong"});

  const auto queued = world.Last(ConversationEvent::kQueued).queued();
  EXPECT_EQ(queued.reason(), "queue billing: channel email and text contains invoice");
  EXPECT_EQ(queued.priority(), 2);
  EXPECT_TRUE(queued.is_new_entry());
  ASSERT_EQ(queued.required_skills_size(), 1);
  EXPECT_EQ(queued.required_skills(0).skill(), "billing");
  EXPECT_EQ(queued.required_skills(0).proficiency_min(), 3);
}

TEST_F(QueueingTest, WhatNoQueueTakesWaitsVisiblyForOne) {
  config.Queue("general").mutable_when()->add_channels("sms");
  Configure();
  world.Online("ana");

  EXPECT_EQ(QueueOf("m1", {.channel = "email"}), "");
  v1::ListQueuesRequest request;
  request.set_workspace("demo");
  const auto queues = world.Call("ana", request).As<v1::ListQueuesResponse>();
  EXPECT_EQ(queues.queues(0).name(), "");
  EXPECT_EQ(queues.queues(0).waiting(), 1);

  config.Queue("rest").set_order(200);
  EXPECT_THAT(world.Configure(config), ElementsAre("m1 queued rest", "m1 offered to ana"));
}

TEST_F(QueueingTest, FactsThatComeLateChooseTheQueueAgainWithTheAgeKept) {
  (*config.Queue("gold").mutable_when()->mutable_customer_facts())["segment"] = "gold";
  Configure();
  world.Receive("m1", {.facts_pending = true});
  ASSERT_EQ(world.Get("m1").queue(), "general");
  ASSERT_EQ(world.questions().size(), 1u);
  const auto first = world.Last(ConversationEvent::kQueued).queued();
  world.Pass(absl::Seconds(5));

  EXPECT_THAT(world.AnswerAll([](const v1::ProfileQuestion&, v1::ProfileAnswer& answer) {
    answer.set_known(true);
    answer.set_customer_id("canonical");
    (*answer.mutable_facts())["segment"] = "gold";
  }),
              ElementsAre("m1 facts learned", "m1 queued gold"));

  const auto second = world.Last(ConversationEvent::kQueued).queued();
  EXPECT_FALSE(second.is_new_entry());
  EXPECT_EQ(second.first_enqueued_at().seconds(), first.first_enqueued_at().seconds());
  EXPECT_EQ(world.Get("m1").customer_id(), "canonical");
  EXPECT_FALSE(world.Get("m1").facts_pending());
}

TEST_F(QueueingTest, FactsThatComeDuringAnOfferCountWhenItReturns) {
  (*config.Queue("gold").mutable_when()->mutable_customer_facts())["segment"] = "gold";
  config.Agent("bruno").add_queues("gold");
  Configure();
  world.Online("ana");
  world.Receive("m1", {.facts_pending = true});
  EXPECT_THAT(world.AnswerAll([](const v1::ProfileQuestion&, v1::ProfileAnswer& answer) {
    answer.set_known(true);
    (*answer.mutable_facts())["segment"] = "gold";
  }),
              ElementsAre("m1 facts learned"));

  EXPECT_THAT(world.Decline("ana", "m1").words,
              ElementsAre("m1 declined by ana", "m1 queued gold"));
}

TEST_F(QueueingTest, FactsOfALaterMessageCountToo) {
  (*config.Queue("gold").mutable_when()->mutable_customer_facts())["segment"] = "gold";
  Configure();
  world.Receive("m1", {.thread = "t"});

  EXPECT_THAT(world.Receive("m2", {.thread = "t", .facts = {{"segment", "gold"}}}),
              ElementsAre("m1 facts learned", "m1 queued gold", "m1 message"));
}

TEST_F(QueueingTest, FactsOfAnotherParticipantAreNotTheCustomers) {
  Configure();
  world.Receive("m1", {.from = "ana@x.test", .thread = "t"});

  EXPECT_THAT(
      world.Receive("m2", {.from = "bob@x.test", .thread = "t", .facts = {{"segment", "gold"}}}),
      ElementsAre("m1 message"));
}

TEST_F(QueueingTest, ProfileIsAskedAgainWithGrowingPausesUntilItAnswers) {
  Configure();
  world.Receive("m1", {.facts_pending = true});
  std::vector<int64_t> asked_at;
  for (int i = 0; i < 4; ++i) {
    asked_at.push_back(absl::ToUnixSeconds(world.now()));
    ASSERT_EQ(world.questions().size(), 1u);
    world.FailAllQuestions();
    while (world.questions().empty()) {
      world.Pass(absl::Seconds(1));
      world.Tick();
    }
  }
  EXPECT_EQ(asked_at[1] - asked_at[0], 1);
  EXPECT_EQ(asked_at[2] - asked_at[1], 2);
  EXPECT_EQ(asked_at[3] - asked_at[2], 4);
}

TEST_F(QueueingTest, AnAnswerThatNeverComesIsAskedForAgain) {
  Configure();
  world.Receive("m1", {.facts_pending = true});
  ASSERT_EQ(world.questions().size(), 1u);

  world.RunUntil(absl::Minutes(1));
  EXPECT_GE(world.questions().size(), 2u);
}

TEST_F(QueueingTest, MoreFactsThanARowMayHoldAreCut) {
  Configure();
  std::map<std::string, std::string> facts;
  for (int i = 0; i < 200; ++i) facts["fact-" + std::to_string(i)] = std::string(1000, 'x');
  world.Receive("m1", {.facts = facts});

  EXPECT_EQ(world.Get("m1").facts().size(), 64u);
  EXPECT_EQ(world.Get("m1").facts().begin()->second.size(), 256u);
}

}  // namespace
}  // namespace trama::routing::testing
