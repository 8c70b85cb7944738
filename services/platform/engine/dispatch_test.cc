#include "services/platform/engine/dispatch.h"

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::platform {
namespace {

using routing::v1::AcceptOfferRequest;
using routing::v1::AcceptOfferResponse;
using routing::v1::AgentUpdate;
using routing::v1::GetAgentRequest;
using routing::v1::GetAgentResponse;
using routing::v1::RoutingService;
using routing::v1::WatchAgentRequest;
using Where = OwnerRef::Where;

constexpr int32_t kNumber = 3;
// Of GetAgent.
constexpr absl::Duration kGetAgentMax = absl::Seconds(8);
constexpr int32_t kGetAgentsMax = 1;

// Stands for the engine: answers by a function of the test.
class FakeHost final : public EngineHost {
 public:
  absl::Status Start(const std::string&) override { return absl::OkStatus(); }
  void Leave() override {}
  void Submit(int32_t partition, Command command, absl::Time deadline, OnReply on_reply) override {
    {
      const std::lock_guard lock(mutex_);
      partitions.push_back(partition);
      commands.push_back(command);
      deadlines.push_back(deadline);
    }
    answer(command, std::move(on_reply));
  }
  absl::Status Deliver(int32_t, int64_t, Answer) override { return absl::OkStatus(); }
  OwnerRef OwnerOf(int32_t) const override { return owner; }
  std::optional<int64_t> IncarnationOf(int32_t) const override { return std::nullopt; }

  OwnerRef owner;
  std::function<void(const Command&, OnReply)> answer = [](const Command&, const OnReply& reply) {
    reply(absl::OkStatus(), std::make_shared<GetAgentResponse>());
  };
  std::vector<int32_t> partitions;
  std::vector<Command> commands;
  std::vector<absl::Time> deadlines;

 private:
  std::mutex mutex_;
};

// A replica of the routing service in front of a fake engine.
class ReplicaService final : public RoutingService::CallbackService {
 public:
  ReplicaService(FakeHost& host, CallGate& gate, const ServiceToken* token)
      : gate_(gate),
        dispatch_(host, gate,
                  {.grpc_service = "trama.routing.v1.RoutingService",
                   .partition_of = [](std::string_view workspace) -> absl::StatusOr<int32_t> {
                     if (workspace == "demo") return kNumber;
                     return InvalidField("workspace", workspace, "does not exist");
                   },
                   .peers = {.token = token}}) {}

  grpc::ServerUnaryReactor* GetAgent(grpc::CallbackServerContext* context,
                                     const GetAgentRequest* request,
                                     GetAgentResponse* response) override {
    return dispatch_.Unary(
        context, request, response,
        {.roles = {"agent", "admin"}, .deadline_max = kGetAgentMax, .limit = &get_agent_limit});
  }
  grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
                                        const AcceptOfferRequest* request,
                                        AcceptOfferResponse* response) override {
    return dispatch_.Unary(context, request, response, {.roles = {"agent"}});
  }
  grpc::ServerWriteReactor<AgentUpdate>* WatchAgent(grpc::CallbackServerContext* context,
                                                    const WatchAgentRequest* request) override {
    absl::StatusOr<Call> call =
        gate_.AdmitStream(*context, {.workspace = request->workspace(), .roles = {"agent"}});
    if (!call.ok()) return ServerStream<AgentUpdate>::Refuse(call.status());
    const auto route = dispatch_.RouteOf(*call, request->workspace());
    if (!route.ok()) return ServerStream<AgentUpdate>::Refuse(route.status());
    if (route->here) {
      auto opened = ServerStream<AgentUpdate>::Open(*std::move(call), 100);
      stream(opened);
      return opened->reactor();
    }
    return dispatch_.ForwardStream<AgentUpdate>(
        context, *request, *std::move(call), route->address,
        [](const auto& channel, auto* client, auto* wanted, auto* reactor) {
          RoutingService::NewStub(channel)->async()->WatchAgent(client, wanted, reactor);
        });
  }

  std::function<void(std::shared_ptr<ServerStream<AgentUpdate>>)> stream;
  MethodLimit get_agent_limit{kGetAgentsMax};

 private:
  CallGate& gate_;
  EngineDispatch dispatch_;
};

struct TestReplica {
  TestReplica() {
    const std::string path = folder.Write("token", "t-desk");
    token = *ServiceToken::Open(path);
    service = std::make_unique<ReplicaService>(host, fixture.gate(), token.get());
    fixture.Serve(*service);
  }
  ~TestReplica() { fixture.server().Shutdown(absl::ZeroDuration()); }

  TempFolder folder;
  std::unique_ptr<ServiceToken> token;
  FakeHost host;
  GrpcFixture fixture;
  std::unique_ptr<ReplicaService> service;
};

class DispatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    owner_.host.owner = {Where::kHere, owner_.fixture.server().address()};
    other_.host.owner = {Where::kThere, owner_.fixture.server().address()};
  }

  absl::StatusOr<GetAgentResponse> GetAgent(TestReplica& replica,
                                            const std::string& subject = "ana",
                                            const CallOptions& options = {},
                                            const std::string& workspace = "demo") {
    const auto client = replica.fixture.Client(subject);
    GetAgentRequest request;
    request.set_workspace(workspace);
    request.set_agent_id("ana");
    return CallBlocking<GetAgentResponse>(
        *client, request, options, [&](auto* context, const auto& q, auto* a) {
          return RoutingService::NewStub(client->channel())->GetAgent(context, q, a);
        });
  }

  static absl::StatusOr<AcceptOfferResponse> AcceptOffer(TestReplica& replica,
                                                         const std::string& command_id) {
    const auto client = replica.fixture.Client("ana");
    AcceptOfferRequest request;
    request.set_workspace("demo");
    request.set_command_id(command_id);
    return CallBlocking<AcceptOfferResponse>(
        *client, request, {}, [&](auto* context, const auto& q, auto* a) {
          return RoutingService::NewStub(client->channel())->AcceptOffer(context, q, a);
        });
  }

  TestReplica owner_;  // Destroyed last.
  TestReplica other_;
};

TEST_F(DispatchTest, TheOwnerAnswersItself) {
  owner_.host.answer = [](const Command& command, const OnReply& reply) {
    auto response = std::make_shared<GetAgentResponse>();
    response->mutable_agent()->set_agent_id(
        static_cast<const GetAgentRequest&>(*command.request).agent_id());
    reply(absl::OkStatus(), response);
  };
  const auto answer = GetAgent(owner_);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->agent().agent_id(), "ana");
  EXPECT_EQ(owner_.host.partitions.at(0), kNumber);
}

TEST_F(DispatchTest, AnotherReplicaPassesTheCallOnWithTheCallersIdentity) {
  const auto answer = GetAgent(other_);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(owner_.host.commands.size(), 1u);
  EXPECT_EQ(owner_.host.commands[0].caller.subject, "ana");
  EXPECT_EQ(owner_.host.commands[0].caller.workspace, "demo");
  EXPECT_TRUE(owner_.host.commands[0].caller.HasRole("agent"));
  EXPECT_TRUE(other_.host.commands.empty());
}

TEST_F(DispatchTest, WhoeverWasPassedOnLearnsWhoTheOwnerIs) {
  const auto owner_told_by = [](TestReplica& replica) {
    const auto client = replica.fixture.Client("ana");
    grpc::ClientContext context;
    client->Prepare(context, {});
    GetAgentRequest request;
    request.set_workspace("demo");
    GetAgentResponse response;
    EXPECT_TRUE(
        RoutingService::NewStub(client->channel())->GetAgent(&context, request, &response).ok());
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto owner = trailers.find(kOwnerTrailer);
    return owner == trailers.end() ? "" : std::string(owner->second.data(), owner->second.size());
  };
  EXPECT_EQ(owner_told_by(other_), owner_.fixture.server().address());
  EXPECT_EQ(owner_told_by(owner_), "");
}

TEST_F(DispatchTest, AnOperatorOfAllWorkspacesStaysOneWhenPassedOn) {
  ASSERT_TRUE(GetAgent(other_, "operator").ok());
  EXPECT_EQ(owner_.host.commands.at(0).caller.workspace, "");
  EXPECT_TRUE(owner_.host.commands[0].caller.HasRole("admin"));
}

TEST_F(DispatchTest, TheTraceAndTheDeadlineArePassedOn) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const absl::Time before = absl::Now();
  ASSERT_TRUE(GetAgent(other_, "ana", {.timeout = absl::Seconds(7), .traceparent = trace}).ok());
  EXPECT_EQ(owner_.host.commands.at(0).traceparent.substr(3, 32), trace.substr(3, 32));
  // Nearer to the 7 s of the client than to the default of 10 s.
  EXPECT_LT(owner_.host.deadlines[0], absl::Now() + absl::Milliseconds(8500));
  EXPECT_GE(owner_.host.deadlines[0], before + absl::Seconds(6));
}

TEST_F(DispatchTest, ADeadlineBeyondThatOfTheMethodIsCut) {
  for (const absl::Duration timeout : {absl::Seconds(40), absl::InfiniteDuration()}) {
    const absl::Time before = absl::Now();
    ASSERT_TRUE(GetAgent(owner_, "ana", {.timeout = timeout}).ok());
    EXPECT_GE(owner_.host.deadlines.back(), before + kGetAgentMax);
    EXPECT_LE(owner_.host.deadlines.back(), absl::Now() + kGetAgentMax);
  }
}

TEST_F(DispatchTest, AMethodAtItsLimitLeavesRoomToTheOthers) {
  std::promise<OnReply> held;
  owner_.host.answer = [&](const Command& command, const OnReply& reply) {
    if (command.id.empty()) return held.set_value(reply);
    reply(absl::OkStatus(), std::make_shared<AcceptOfferResponse>());
  };
  std::future<absl::Status> first =
      std::async(std::launch::async, [&] { return GetAgent(owner_).status(); });
  const OnReply reply = held.get_future().get();

  const absl::Status refused = GetAgent(owner_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  EXPECT_TRUE(AcceptOffer(owner_, "c-1").ok());

  reply(absl::OkStatus(), std::make_shared<GetAgentResponse>());
  EXPECT_TRUE(first.get().ok());
}

TEST_F(DispatchTest, TheCommandIdReachesTheMachine) {
  owner_.host.answer = [](const Command&, const OnReply& reply) {
    reply(absl::OkStatus(), std::make_shared<AcceptOfferResponse>());
  };
  const auto answer = AcceptOffer(other_, "c-1");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(owner_.host.commands.at(0).id, "c-1");
}

TEST_F(DispatchTest, ARefusalOfTheMachineKeepsItsReasonOnTheWay) {
  owner_.host.answer = [](const Command&, const OnReply& reply) {
    reply(TypedError(absl::StatusCode::kFailedPrecondition, "OFFER_WITHDRAWN", "it is gone"),
          nullptr);
  };
  const auto answer = GetAgent(other_);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(answer.status()), "OFFER_WITHDRAWN");
}

TEST_F(DispatchTest, ACallIsPassedOnOnceOnly) {
  // Each believes that the other one is the owner.
  owner_.host.owner = {Where::kThere, other_.fixture.server().address()};
  const auto answer = GetAgent(other_);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelayOf(answer.status()).has_value());
}

TEST_F(DispatchTest, WithoutAnOwnerTheCallIsUnavailableWithARetryDelay) {
  owner_.host.owner = {};
  const auto answer = GetAgent(owner_);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelayOf(answer.status()).has_value());
}

TEST_F(DispatchTest, AnOwnerWhoCannotBeReachedIsUnavailableWithARetryDelay) {
  owner_.fixture.server().Shutdown(absl::ZeroDuration());
  const auto answer = GetAgent(other_);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelayOf(answer.status()).has_value());
}

TEST_F(DispatchTest, AnUnknownWorkspaceIsAnErrorOfThatField) {
  const auto answer = GetAgent(owner_, "operator", {}, "nowhere");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldViolationsOf(answer.status()).at(0).field, "workspace");
}

TEST_F(DispatchTest, WhoMayNotCallIsRefusedBeforeTheEngineHearsOfIt) {
  EXPECT_EQ(GetAgent(other_, "eva").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(GetAgent(other_, "").status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(owner_.host.commands.empty());
}

TEST_F(DispatchTest, AnAnswerOfAnotherTypeIsInternal) {
  owner_.host.answer = [](const Command&, const OnReply& reply) {
    reply(absl::OkStatus(), std::make_shared<AcceptOfferResponse>());
  };
  EXPECT_EQ(GetAgent(owner_).status().code(), absl::StatusCode::kInternal);
}

// A client of a stream, on the thread of the test.
class Watcher {
 public:
  Watcher(TestReplica& replica) : client_(replica.fixture.Client("ana")) {
    client_->Prepare(context_, {.timeout = absl::Seconds(60)});
    WatchAgentRequest request;
    request.set_workspace("demo");
    reader_ = RoutingService::NewStub(client_->channel())->WatchAgent(&context_, request);
  }
  // The next resume token; empty at the end.
  std::string Next() {
    AgentUpdate update;
    return reader_->Read(&update) ? update.resume_token() : "";
  }
  absl::Status Finish() { return FromGrpc(reader_->Finish()); }
  void Cancel() { context_.TryCancel(); }

 private:
  std::shared_ptr<Peer> client_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<AgentUpdate>> reader_;
};

AgentUpdate Update(const std::string& token) {
  AgentUpdate update;
  update.set_resume_token(token);
  return update;
}

TEST_F(DispatchTest, AStreamIsPassedOnInOrderWithItsEnd) {
  owner_.service->stream = [](std::shared_ptr<ServerStream<AgentUpdate>> stream) {
    for (const char* token : {"1", "2", "3"}) stream->Send(Update(token));
    stream->Finish(absl::ResourceExhaustedError("enough"));
  };
  Watcher watcher(other_);
  EXPECT_EQ(watcher.Next(), "1");
  EXPECT_EQ(watcher.Next(), "2");
  EXPECT_EQ(watcher.Next(), "3");
  EXPECT_EQ(watcher.Next(), "");
  EXPECT_EQ(watcher.Finish().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(DispatchTest, AClientThatGoesEndsTheOwnersStreamToo) {
  std::promise<void> closed;
  owner_.service->stream = [&](std::shared_ptr<ServerStream<AgentUpdate>> stream) {
    stream->OnClosed([&] { closed.set_value(); });
    stream->Send(Update("1"));
  };
  Watcher watcher(other_);
  ASSERT_EQ(watcher.Next(), "1");
  watcher.Cancel();
  EXPECT_EQ(closed.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(watcher.Finish().code(), absl::StatusCode::kCancelled);
}

TEST_F(DispatchTest, AnOwnerThatEndsEndsThePassedOnStream) {
  owner_.service->stream = [](std::shared_ptr<ServerStream<AgentUpdate>> stream) {
    stream->Send(Update("1"));
  };
  Watcher watcher(other_);
  ASSERT_EQ(watcher.Next(), "1");
  owner_.fixture.server().Shutdown(absl::ZeroDuration());
  EXPECT_EQ(watcher.Next(), "");
  EXPECT_FALSE(watcher.Finish().ok());
}

}  // namespace
}  // namespace trama::platform
