// Conversations that are over rest, and wake when somebody looks for them.

#include <set>

#include "absl/strings/str_cat.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RestTest : public ::testing::Test {
 protected:
  RestTest() {
    config.Queue("general").set_order(100);
    config.Agent("ana");
    world.Configure(config);
  }

  // A conversation of that name that ana has resolved.
  void Over(const std::string& name, const Mail& mail = {}) {
    world.Online("ana");
    world.Receive(name, mail);
    world.Accept("ana", name);
    ASSERT_TRUE(world.Resolve("ana", name).status.ok());
    world.Presence("ana", agent::v1::PRESENCE_OFFLINE);
  }
  size_t AwakeCount() { return world.machine().state().awake().size(); }

  // Every conversation of the workspace once, by pages.
  std::set<std::string> Listed(int page_size, bool closed_too = false) {
    v1::ListConversationsRequest request;
    request.set_workspace("demo");
    request.set_page_size(page_size);
    if (closed_too) {
      request.add_states(conversation::v1::STATE_RESOLVED);
      request.add_states(conversation::v1::STATE_CLOSED);
    }
    std::set<std::string> ids;
    do {
      const auto page = world.Call("ana", request).As<v1::ListConversationsResponse>();
      for (const v1::Conversation& each : page.conversations()) {
        EXPECT_TRUE(ids.insert(each.conversation_id()).second) << "twice";
        BetweenPages();
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }
  virtual void BetweenPages() {}

  ConfigBuilder config;
  World world{0, /*awake_max=*/0};
};

TEST_F(RestTest, WhatIsOverRestsAndWhatIsNotStaysAwake) {
  Over("m1");
  EXPECT_EQ(AwakeCount(), 0u);
  world.Receive("m2");
  EXPECT_EQ(AwakeCount(), 1u);
  world.Abandon("m2");
  EXPECT_EQ(AwakeCount(), 0u);
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_RESOLVED);
  EXPECT_EQ(world.Get("m2").state(), conversation::v1::STATE_ABANDONED);
}

TEST_F(RestTest, AMessageOfItsThreadReopensIt) {
  Over("m1", {.thread = "t"});
  EXPECT_THAT(world.Receive("m2", {.thread = "t"}),
              ElementsAre("m1 reopened", "m1 message", "m1 queued general"));
  EXPECT_EQ(AwakeCount(), 1u);
}

TEST_F(RestTest, AReferenceToAMessageOfItFindsIt) {
  Over("m1", {.vendor_id = "<first>"});
  EXPECT_THAT(world.Receive("m2", {.references = {"<first>"}}), Contains("m1 reopened"));
}

TEST_F(RestTest, ATokenFindsIt) {
  Over("m1");
  EXPECT_THAT(world.Receive("m2", {.token = world.IdOf("m1")}), Contains("m1 reopened"));
}

TEST_F(RestTest, OfTwoThatRestTheOneThatWasOpenedLastTakesTheMessage) {
  Over("m1", {.vendor_id = "<same>"});
  world.Pass(absl::Seconds(1));
  Over("m2", {.vendor_id = "<same>"});
  EXPECT_THAT(world.Receive("m3", {.references = {"<same>"}}), Contains("m2 reopened"));
}

TEST_F(RestTest, AStrangerDoesNotJoinIt) {
  Over("m1", {.from = "ana@x.test", .vendor_id = "<first>"});
  EXPECT_THAT(world.Receive("m2", {.from = "bob@x.test", .references = {"<first>"}}),
              Contains("m2 opened"));
  EXPECT_EQ(world.Last(conversation::v1::ConversationEvent::kOpened).opened().possible_thread(),
            world.IdOf("m1"));
}

TEST_F(RestTest, ItClosesAndIsForgottenByTheClock) {
  Over("m1", {.thread = "t"});
  EXPECT_THAT(world.RunUntil(absl::Hours(72)), ElementsAre("m1 closed"));
  EXPECT_EQ(AwakeCount(), 0u);
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_CLOSED);
  EXPECT_THAT(world.RunUntil(absl::Hours(72 + 48) + absl::Minutes(1)), IsEmpty());
  for (const auto& [key, row] : world.rows()) {
    EXPECT_EQ(key.find("conversation/"), std::string::npos) << key;
  }
  EXPECT_EQ(world.machine().state().threads.size(), 0u);
  EXPECT_THAT(world.Receive("m2", {.thread = "t"}), Contains("m2 opened"));
}

TEST_F(RestTest, AReceiptOfItsMessagesComesIn) {
  world.Online("ana");
  world.Receive("m1");
  world.Accept("ana", "m1");
  world.Reply("ana", "m1");
  world.Resolve("ana", "m1");
  ASSERT_EQ(AwakeCount(), 0u);
  const auto message = world.Outbound().back();
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_SENT, "<ours>"),
              ElementsAre("m1 delivery 2"));
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_SENT, "<ours>"), IsEmpty());
  // An answer to our message, which it knows by the receipt only.
  EXPECT_THAT(world.Receive("m2", {.references = {"<ours>"}}), Contains("m1 reopened"));
}

TEST_F(RestTest, ANewOwnerKnowsWhatRests) {
  Over("m1", {.thread = "t1"});
  Over("m2", {.thread = "t2"});
  world.RunUntil(absl::Hours(73));
  Over("m3", {.thread = "t3"});
  world.Receive("m4", {.thread = "t4"});
  world.Restart();
  EXPECT_EQ(AwakeCount(), 1u);
  EXPECT_EQ(Listed(10, /*closed_too=*/true).size(), 3u);
  EXPECT_THAT(world.Receive("m5", {.thread = "t3"}), Contains("m3 reopened"));
  EXPECT_THAT(world.Receive("m1", {.thread = "t1"}), IsEmpty());  // A repeat.
  EXPECT_THAT(world.Receive("m6", {.thread = "t1"}), Contains("m6 opened"));
}

TEST_F(RestTest, AfterATakeoverTheRowsOfThoseThatWaitRestUntilSomebodyLooks) {
  world.Receive("m1", {.thread = "t1"});
  world.Receive("m2", {.thread = "t2"});
  world.Receive("m3", {.facts_pending = true});
  world.Restart();
  const auto at_hand = [&] {
    std::set<std::string> ids;
    for (const auto& [key, conversation] : world.machine().state().awake()) {
      if (conversation->row.is_at_hand()) ids.insert(conversation->row->conversation_id());
    }
    return ids;
  };
  EXPECT_EQ(at_hand(), std::set<std::string>{world.IdOf("m3")});
  EXPECT_THAT(world.Receive("m4", {.thread = "t2"}), Contains("m2 message"));
  EXPECT_EQ(at_hand(), (std::set<std::string>{world.IdOf("m2"), world.IdOf("m3")}));
  world.Online("ana");
  world.Accept("ana", "m1");
  EXPECT_EQ(world.Get("m1").agent_id(), "ana");
}

// Timers that are due come before the input that takes over.
TEST_F(RestTest, AnExclusionThatEndsBeforeTheTakeoverEndsWithIt) {
  world.Online("ana");
  world.Receive("m1");
  world.Decline("ana", "m1");
  ASSERT_EQ(world.Get("m1").state(), conversation::v1::STATE_QUEUED);
  world.Pass(absl::Minutes(5));
  world.Restart();
  EXPECT_EQ(world.Get("m1").state(), conversation::v1::STATE_OFFERED);
}

TEST_F(RestTest, AfterATakeoverThoseThatWaitAreListed) {
  Over("m1");
  world.Receive("m2");
  world.Restart();
  v1::ListConversationsRequest request;
  request.set_workspace("demo");
  request.add_states(conversation::v1::STATE_QUEUED);
  const auto page = world.Call("ana", request).As<v1::ListConversationsResponse>();
  ASSERT_EQ(page.conversations_size(), 1);
  EXPECT_EQ(page.conversations(0).conversation_id(), world.IdOf("m2"));
}

TEST_F(RestTest, WhoseFactsAreMissingStaysAwake) {
  world.Receive("m1", {.facts_pending = true});
  world.Abandon("m1");
  EXPECT_EQ(AwakeCount(), 1u);
  world.Restart();
  EXPECT_EQ(AwakeCount(), 1u);
  world.AnswerAll([](const v1::ProfileQuestion&, v1::ProfileAnswer& answer) {
    answer.set_known(true);
    answer.set_customer_id("c");
    answer.mutable_identifier()->set_value("ana@x.test");
    answer.set_address("ana@x.test");
  });
  EXPECT_EQ(AwakeCount(), 0u);
}

TEST_F(RestTest, ANoteAsksForTheAddressAgain) {
  Over("m1");
  EXPECT_EQ(world.Note("ana", "m1", "done").reason(), "ADDRESS_PENDING");
  EXPECT_EQ(AwakeCount(), 1u);  // Until the answer has come.
  ASSERT_EQ(world.questions().size(), 1u);
  world.AnswerAll([](const v1::ProfileQuestion&, v1::ProfileAnswer& answer) {
    answer.mutable_identifier()->set_value("ana@x.test");
    answer.set_address("ana@x.test");
  });
  EXPECT_EQ(AwakeCount(), 0u);
}

TEST_F(RestTest, TheFewThatWereAskedForLastStayAwake) {
  World few(0, /*awake_max=*/2);
  few.Configure(config);
  for (const char* name : {"m1", "m2", "m3"}) {
    few.Receive(name);
    few.Abandon(name);
  }
  const auto is_awake = [&](const std::string& name) {
    return few.machine().state().awake().contains("demo/" + few.IdOf(name));
  };
  EXPECT_FALSE(is_awake("m1"));
  EXPECT_TRUE(is_awake("m2"));
  few.Get("m1");
  EXPECT_TRUE(is_awake("m1"));
  EXPECT_FALSE(is_awake("m2"));
  EXPECT_TRUE(is_awake("m3"));
}

TEST_F(RestTest, ARepeatWhileItIsRememberedDoesNothing) {
  Over("m1", {.thread = "t"});
  world.RunUntil(absl::Hours(100));
  ASSERT_EQ(world.Get("m1").state(), conversation::v1::STATE_CLOSED);
  EXPECT_THAT(world.Receive("m1", {.thread = "t"}), IsEmpty());
}

class RestListTest : public RestTest {
 protected:
  // One that was listed wakes, one that was not wakes, one is made.
  void BetweenPages() override {
    if (++turns_ % 3 != 0) return;
    world.Receive(absl::StrCat("more", turns_), {.thread = absl::StrCat("t", turns_)});
  }
  int turns_ = 0;
};

TEST_F(RestListTest, PagesNeitherSkipNorRepeatWhoIsThereAllTheTime) {
  std::set<std::string> names;
  for (int i = 0; i < 40; ++i) {
    const std::string name = absl::StrCat("m", i);
    world.Receive(name, {.thread = absl::StrCat("t", i)});
    if (i % 4 != 0) world.Abandon(name);
    names.insert(name);
  }
  const std::set<std::string> listed = Listed(3);
  for (const std::string& name : names) EXPECT_TRUE(listed.contains(world.IdOf(name))) << name;
}

TEST_F(RestTest, AListOfThoseThatWaitLooksAtNoneThatRests) {
  for (int i = 0; i < 10; ++i) {
    world.Receive(absl::StrCat("m", i));
    if (i != 7) world.Abandon(absl::StrCat("m", i));
  }
  v1::ListConversationsRequest request;
  request.set_workspace("demo");
  request.add_states(conversation::v1::STATE_QUEUED);
  const auto page = world.Call("ana", request).As<v1::ListConversationsResponse>();
  ASSERT_EQ(page.conversations_size(), 1);
  EXPECT_EQ(page.conversations(0).conversation_id(), world.IdOf("m7"));
}

}  // namespace
}  // namespace trama::routing::testing
