#include "services/routing/reads.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using ::testing::ElementsAre;

class ReadsTest : public RoutingTest {
 protected:
  v1::ListConversationsResponse List(const v1::ListConversationsRequest& request) {
    return world.Call("ana", request).As<v1::ListConversationsResponse>();
  }
};

TEST_F(ReadsTest, AConversationSaysWhereItIsAndWhy) {
  AnaHasM1({.thread = "t", .facts = {{"segment", "gold"}}});
  world.Reply("ana", "m1");

  const v1::Conversation view = world.Get("m1");
  EXPECT_EQ(view.state(), conversation::v1::STATE_ASSIGNED);
  EXPECT_EQ(view.agent_id(), "ana");
  EXPECT_EQ(view.queue(), "general");
  EXPECT_EQ(view.reason(), "accepted by ana");
  EXPECT_EQ(view.facts().at("segment"), "gold");
  EXPECT_EQ(view.inbound_count(), 1);
  EXPECT_EQ(view.reply_count(), 1);
  EXPECT_EQ(view.sequence(), static_cast<int64_t>(world.EventsOf("m1").size()));
}

TEST_F(ReadsTest, PagesHoldEveryConversationOnce) {
  Configure();
  for (int i = 0; i < 25; ++i) world.Receive(absl::StrCat("m", i));
  v1::ListConversationsRequest request;
  request.set_workspace("demo");
  request.set_page_size(10);
  std::set<std::string> ids;
  int pages = 0;
  do {
    const v1::ListConversationsResponse page = List(request);
    for (const v1::Conversation& each : page.conversations()) {
      EXPECT_TRUE(ids.insert(each.conversation_id()).second);
    }
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());

  EXPECT_EQ(ids.size(), 25u);
  EXPECT_EQ(pages, 3);
}

TEST_F(ReadsTest, ListsAreFiltered) {
  AnaHasM1({.from = "ana@x.test"});
  world.Presence("ana", agent::v1::PRESENCE_BUSY);
  world.Receive("m2", {.from = "bob@x.test"});
  world.Receive("m3", {.automatic = true});
  v1::ListConversationsRequest request;
  request.set_workspace("demo");
  EXPECT_EQ(List(request).conversations_size(), 3);

  request.set_agent_id("ana");
  EXPECT_EQ(List(request).conversations(0).conversation_id(), world.IdOf("m1"));
  request.clear_agent_id();
  request.add_states(conversation::v1::STATE_QUEUED);
  ASSERT_EQ(List(request).conversations_size(), 1);
  EXPECT_EQ(List(request).conversations(0).conversation_id(), world.IdOf("m2"));
  request.set_customer_id("customer:ana@x.test");
  EXPECT_EQ(List(request).conversations_size(), 0);
}

TEST_F(ReadsTest, AnotherWorkspacesConversationsAreNotThere) {
  config.In("other").Queue("general");
  Configure();
  world.Receive("m1", {.workspace = "other"});
  v1::ListConversationsRequest request;
  request.set_workspace("demo");
  EXPECT_EQ(List(request).conversations_size(), 0);

  v1::GetConversationRequest get;
  get.set_workspace("demo");
  get.set_conversation_id(world.IdOf("m1"));
  EXPECT_EQ(world.Call("ana", get).reason(), "UNKNOWN_CONVERSATION");
}

TEST_F(ReadsTest, WhoIsBoundToAWorkspaceReadsNoOther) {
  Configure();
  Command command;
  command.caller = {.subject = "ana", .workspace = "other", .roles = {"agent"}};
  auto request = std::make_shared<v1::ListQueuesRequest>();
  request->set_workspace("demo");
  command.request = request;
  Effects effects;
  world.machine().Apply({.now = world.now(), .caught_up = world.now()}, command, effects);

  EXPECT_EQ(effects.replies.front().status.code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ReadsTest, QueuesTellWhatIsInThem) {
  AnaHasM1();
  world.Receive("m2");
  world.Presence("ana", agent::v1::PRESENCE_BUSY);
  world.Online("bruno");
  world.Receive("m3");
  world.Accept("bruno", "m2");
  v1::ListQueuesRequest request;
  request.set_workspace("demo");

  const v1::Queue queue = world.Call("ana", request).As<v1::ListQueuesResponse>().queues(0);
  EXPECT_EQ(queue.name(), "general");
  EXPECT_EQ(queue.assigned(), 2);
  EXPECT_EQ(queue.offered(), 1);
  EXPECT_EQ(queue.waiting(), 0);
  EXPECT_EQ(queue.agents_available(), 1);
}

TEST_F(ReadsTest, AgentsAreListedWithThoseWhoWereNeverThere) {
  Configure();
  v1::ListAgentsRequest request;
  request.set_workspace("demo");
  request.set_page_size(1);
  const auto first = world.Call("ana", request).As<v1::ListAgentsResponse>();
  request.set_page_token(first.next_page_token());
  const auto second = world.Call("ana", request).As<v1::ListAgentsResponse>();

  EXPECT_EQ(first.agents(0).agent_id(), "ana");
  EXPECT_EQ(second.agents(0).agent_id(), "bruno");
  EXPECT_EQ(second.agents(0).presence(), agent::v1::PRESENCE_OFFLINE);
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(ReadsTest, APageSizeBeyondTheLimitIsRefused) {
  Configure();
  v1::ListAgentsRequest request;
  request.set_workspace("demo");
  request.set_page_size(201);

  EXPECT_EQ(world.Call("ana", request).reason(), "INVALID_FIELD");
}

TEST_F(ReadsTest, AStreamBeginsWithAllThatTheAgentWorksOn) {
  AnaHasM1();
  world.Receive("m2");
  v1::WatchAgentRequest request;
  request.set_workspace("demo");

  const auto snapshot = world.Call("ana", request).As<v1::AgentUpdate>().snapshot();
  EXPECT_EQ(snapshot.agent().agent_id(), "ana");
  ASSERT_EQ(snapshot.conversations_size(), 1);
  EXPECT_EQ(snapshot.conversations(0).conversation_id(), world.IdOf("m1"));
  ASSERT_EQ(snapshot.offers_size(), 1);
  EXPECT_EQ(snapshot.offers(0).offer_id(), world.OfferOf("ana", "m2"));
}

TEST_F(ReadsTest, AnAnswerThatIsTooLongIsRememberedWithoutFacts) {
  std::map<std::string, std::string> facts;
  for (int i = 0; i < 30; ++i) facts[absl::StrCat("fact", i)] = std::string(100, 'x');
  Configure();
  world.Online("ana");
  world.Receive("m1", {.facts = facts});
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(world.OfferOf("ana", "m1"));
  world.Call("ana", request, "same");

  const auto again = world.Call("ana", request, "same");
  ASSERT_TRUE(again.status.ok());
  EXPECT_EQ(again.As<v1::AcceptOfferResponse>().conversation().agent_id(), "ana");
}

}  // namespace
}  // namespace trama::routing::testing
