#include <mutex>

#include "gmock/gmock.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/stream.h"
#include "services/platform/grpc/unary.h"
#include "tools/cli/cli_fixture.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using routing::v1::AgentUpdate;
using routing::v1::RoutingService;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// One agent's part of routing, as he is told to play it.
class FakeRouting final : public RoutingService::CallbackService {
 public:
  explicit FakeRouting(platform::CallGate& gate) : gate_(gate) {}

  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const routing::v1::HeartbeatRequest* request,
                                      routing::v1::HeartbeatResponse* response) override {
    return Answer(context, request, response, [this](const auto&) {
      if (++heartbeats == end_after_heartbeats) End();
      routing::v1::HeartbeatResponse answer;
      answer.set_timeout_ms(150);
      return answer;
    });
  }

  grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
                                        const routing::v1::AcceptOfferRequest* request,
                                        routing::v1::AcceptOfferResponse* response) override {
    return Answer(context, request, response, [this](const auto& asked) {
      accepted.push_back(asked);
      if (end_after_accept) End();
      routing::v1::AcceptOfferResponse answer;
      answer.mutable_conversation()->set_conversation_id("c1");
      answer.mutable_conversation()->set_state(conversation::v1::STATE_ASSIGNED);
      return answer;
    });
  }

  grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context,
                                  const routing::v1::ReplyRequest* request,
                                  routing::v1::ReplyResponse* response) override {
    const auto trace = context->client_metadata().find("traceparent");
    const bool is_traced = trace != context->client_metadata().end();
    traces.push_back(is_traced ? std::string(trace->second.data(), trace->second.size()) : "");
    return Answer(context, request, response, [this](const auto& asked) {
      replies.push_back(asked);
      routing::v1::ReplyResponse answer;
      answer.set_message_id("m1");
      return answer;
    });
  }

  grpc::ServerUnaryReactor* GetConversation(
      grpc::CallbackServerContext* context, const routing::v1::GetConversationRequest* request,
      routing::v1::GetConversationResponse* response) override {
    return Answer(context, request, response, [this](const auto& asked) {
      looked_at.push_back(asked.conversation_id());
      routing::v1::GetConversationResponse answer;
      answer.mutable_conversation()->set_traceparent(question_trace);
      return answer;
    });
  }

  grpc::ServerUnaryReactor* ListConversations(
      grpc::CallbackServerContext* context, const routing::v1::ListConversationsRequest* request,
      routing::v1::ListConversationsResponse* response) override {
    return Answer(context, request, response, [this](const auto&) {
      routing::v1::ListConversationsResponse answer;
      for (const auto& conversation : held) *answer.add_conversations() = conversation;
      return answer;
    });
  }

  // Each connection gets one list of updates and breaks off after it; the last one stays open
  // until End().
  grpc::ServerWriteReactor<AgentUpdate>* WatchAgent(
      grpc::CallbackServerContext* context,
      const routing::v1::WatchAgentRequest* request) override {
    auto call = gate_.AdmitStream(*context, {.workspace = "demo", .roles = {"agent"}});
    if (!call.ok()) return Stream::Refuse(call.status());
    auto stream = Stream::Open(*std::move(call), 100);
    std::lock_guard lock(mutex_);
    tokens.push_back(request->resume_token());
    const size_t number = tokens.size() - 1;
    if (number < updates.size()) {
      for (const AgentUpdate& update : updates[number]) stream->Send(update);
    }
    stream_ = stream;
    if (number + 1 < updates.size()) {
      stream->Finish(absl::UnavailableError("moved"));
    } else if (ended_ || end_after_updates) {
      stream->Finish(the_end);
    }
    return stream->reactor();
  }

  absl::Status the_end =
      TypedError(absl::StatusCode::kNotFound, "UNKNOWN_AGENT", "there is no such agent");
  bool end_after_updates = false;
  bool end_after_accept = false;
  int end_after_heartbeats = -1;
  std::vector<std::vector<AgentUpdate>> updates;
  std::vector<routing::v1::Conversation> held;
  std::atomic<int> heartbeats = 0;
  std::vector<routing::v1::AcceptOfferRequest> accepted;
  std::vector<routing::v1::ReplyRequest> replies;
  std::vector<std::string> traces;  // With which these came.
  std::string question_trace;       // Of every conversation.
  std::vector<std::string> looked_at;
  std::vector<std::string> tokens;  // With which the stream was asked for.

 private:
  using Stream = platform::ServerStream<AgentUpdate>;

  // The stream ends for good, now or as soon as it is opened.
  void End() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    if (stream_ != nullptr) stream_->Finish(the_end);
  }

  template <typename Request, typename Response, typename Function>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const Request* request,
                                   Response* response, Function function) {
    return platform::RunUnary(
        gate_, context, request, response, {.workspace = "demo", .roles = {"agent", "supervisor"}},
        [function](const platform::Call&, const Request& asked) -> absl::StatusOr<Response> {
          return function(asked);
        });
  }

  platform::CallGate& gate_;
  std::mutex mutex_;
  bool ended_ = false;
  std::shared_ptr<Stream> stream_;  // The newest.
};

AgentUpdate Offer(const std::string& id, const std::string& token) {
  AgentUpdate update;
  update.set_resume_token(token);
  update.mutable_offer()->set_offer_id(id);
  update.mutable_offer()->mutable_conversation()->set_conversation_id("c1");
  return update;
}

routing::v1::Conversation Held(const std::string& id) {
  routing::v1::Conversation conversation;
  conversation.set_conversation_id(id);
  conversation.set_offer_id("offer-" + id);
  return conversation;
}

class AgentCommandsTest : public testing::CliTest {
 protected:
  void SetUp() override { Serve(routing_); }
  FakeRouting routing_{fixture_.gate()};
};

TEST_F(AgentCommandsTest, WatchGoesOnWhereTheStreamBroke) {
  routing_.updates = {{Offer("o1", "t1"), Offer("o2", "t2")}, {Offer("o3", "t3")}, {}};
  routing_.end_after_updates = true;
  const Result result = Run({"agent", "ana", "watch", "-o", "json"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("o1"), HasSubstr("o2"), HasSubstr("o3")));
  EXPECT_THAT(routing_.tokens, ElementsAre("", "t2", "t3"));
}

TEST_F(AgentCommandsTest, WatchSendsHeartbeatsAsOftenAsTheServiceWants) {
  routing_.end_after_heartbeats = 4;
  Run({"agent", "ana", "watch"});
  EXPECT_THAT(routing_.heartbeats.load(), Ge(4));
}

TEST_F(AgentCommandsTest, WatchAcceptsWhenAskedTo) {
  routing_.updates = {{Offer("o1", "t1")}};
  routing_.end_after_accept = true;
  const Result result = Run({"agent", "ana", "watch", "--auto-accept"});
  EXPECT_THAT(result.out, HasSubstr("accepted conversation c1"));
  ASSERT_THAT(routing_.accepted, SizeIs(1));
  EXPECT_EQ(routing_.accepted[0].offer_id(), "o1");
  EXPECT_EQ(routing_.accepted[0].agent_id(), "ana");
}

TEST_F(AgentCommandsTest, WatchEndsWithWhatRepeatingDoesNotMend) {
  routing_.end_after_updates = true;
  const Result result = Run({"agent", "ana", "watch"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_EQ(result.err, "error: there is no such agent (UNKNOWN_AGENT)\n");
}

TEST_F(AgentCommandsTest, WatchEndsAfterTheGivenTime) {
  EXPECT_EQ(Run({"agent", "ana", "watch", "--for", "100ms"}).exit, 0);
}

TEST_F(AgentCommandsTest, AcceptTakesTheOfferThatHeIsAsked) {
  routing_.held = {Held("c1")};
  const Result result = Run({"agent", "ana", "accept"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_EQ(routing_.accepted.at(0).offer_id(), "offer-c1");
  EXPECT_EQ(result.out, "conversation c1 is assigned\n");
}

TEST_F(AgentCommandsTest, AcceptWithoutAnOfferIsNotFound) {
  const Result result = Run({"agent", "ana", "accept"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(result.err, HasSubstr("nothing is offered to ana"));
}

TEST_F(AgentCommandsTest, ReplySendsTextAndFiles) {
  const std::string file = folder_.Write("invoice.PDF", "content");
  const Result result =
      Run({"agent", "ana", "reply", "c1", "here", "it", "is", "--file", file, "--resolve"});
  EXPECT_EQ(result.exit, 0) << result.err;
  const routing::v1::ReplyRequest& reply = routing_.replies.at(0);
  EXPECT_EQ(reply.conversation_id(), "c1");
  EXPECT_EQ(reply.parts(0).text().body(), "here it is");
  EXPECT_EQ(reply.parts(1).file().file_name(), "invoice.PDF");
  EXPECT_EQ(reply.parts(1).file().content_type(), "application/pdf");
  EXPECT_EQ(reply.parts(1).file().data(), "content");
  EXPECT_TRUE(reply.resolve());
}

TEST_F(AgentCommandsTest, ReplySendsATemplateWithItsParameters) {
  const Result result = Run({"agent", "ana", "reply", "c1", "Hi", "Ana", "--template", "welcome",
                             "--language", "pt_BR", "--parameter", "Ana", "--parameter", "42"});
  EXPECT_EQ(result.exit, 0) << result.err;
  const types::v1::Template& given = routing_.replies.at(0).parts(0).template_();
  EXPECT_EQ(given.name(), "welcome");
  EXPECT_EQ(given.language(), "pt_BR");
  EXPECT_EQ(given.preview(), "Hi Ana");
  ASSERT_EQ(given.body_size(), 2);
  EXPECT_EQ(given.body(1).text(), "42");
}

TEST_F(AgentCommandsTest, ReplySendsChoicesAsButtonsOrAMenu) {
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "ok?", "--choice", "y=Yes", "--choice", "No"}).exit,
            0);
  const types::v1::Interactive& asked = routing_.replies.at(0).parts(0).interactive();
  EXPECT_EQ(asked.body(), "ok?");
  EXPECT_EQ(asked.buttons().choices(0).id(), "y");
  EXPECT_EQ(asked.buttons().choices(0).title(), "Yes");
  EXPECT_EQ(asked.buttons().choices(1).id(), "No");

  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "which?", "--choice", "a", "--choice", "b",
                 "--choice", "c", "--choice", "d"})
                .exit,
            0);
  EXPECT_EQ(routing_.replies.at(1).parts(0).interactive().menu().sections(0).choices_size(), 4);
}

TEST_F(AgentCommandsTest, TemplatesChoicesAndFilesDoNotGoTogether) {
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "x", "--template", "t", "--choice", "a"}).exit, 2);
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "--choice", "a"}).exit, 2);
}

TEST_F(AgentCommandsTest, ReplyIsAStepOfTheQuestionsTrace) {
  routing_.question_trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "hello"}).exit, 0);
  EXPECT_THAT(routing_.looked_at, ElementsAre("c1"));
  EXPECT_THAT(routing_.traces, ElementsAre(routing_.question_trace));

  routing_.question_trace = "";
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "hello"}).exit, 0);
  EXPECT_EQ(routing_.traces.back(), "");
}

TEST_F(AgentCommandsTest, ReplyIsAStepOfTheTraceThatTheCallerNames) {
  const std::string named = "00-11111111111111111111111111111111-2222222222222222-01";
  routing_.question_trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1", "hello", "--traceparent", named}).exit, 0);
  EXPECT_THAT(routing_.traces, ElementsAre(named));
}

TEST_F(AgentCommandsTest, ReplyNeedsSomethingToSay) {
  EXPECT_EQ(Run({"agent", "ana", "reply", "c1"}).exit, 2);
}

TEST_F(AgentCommandsTest, FileThatIsNotThereIsNamed) {
  EXPECT_THAT(Run({"agent", "ana", "reply", "c1", "x", "--file", "/nonexistent"}).err,
              HasSubstr("cannot open /nonexistent"));
}

TEST_F(AgentCommandsTest, DotIsTheOnlyConversationThatHeHas) {
  routing_.held = {Held("c7")};
  EXPECT_EQ(Run({"agent", "ana", "reply", ".", "hello"}).exit, 0);
  EXPECT_EQ(routing_.replies.at(0).conversation_id(), "c7");

  routing_.held = {Held("c7"), Held("c8")};
  EXPECT_THAT(Run({"agent", "ana", "reply", ".", "hello"}).err,
              HasSubstr("which conversation? c7, c8"));
}

TEST_F(AgentCommandsTest, PlaysWithHisOwnToken) {
  // The supervisor's token of the environment is not his; --as says it expressly.
  variables_["TRAMA_TOKEN"] = "t-nobody";
  routing_.held = {Held("c7")};
  EXPECT_EQ(Run({"agent", "ana", "reply", ".", "hello"}).exit, 0);
  EXPECT_EQ(Run({"agent", "ana", "--as", "supervisor", "reply", ".", "hello"}).exit, 0);
  EXPECT_EQ(Run({"agent", "bruno", "reply", ".", "hello"}).exit, 1) << "no token of his";
}

}  // namespace
}  // namespace trama::tramactl
