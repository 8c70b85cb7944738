#include "services/platform/grpc/server.h"

#include <future>

#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/base/trace.h"
#include "services/platform/grpc/stream.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "services/platform/net/testing/test_certificates.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::platform {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;
using profile::v1::ReadFileRequest;
using profile::v1::ReadFileResponse;
using profile::v1::ResolveRequest;
using profile::v1::ResolveResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr absl::Duration kResolveDeadlineMax = absl::Minutes(5);

// A service whose handlers are given by the test.
class Scripted final : public ProfileService::CallbackService {
 public:
  using Handler =
      std::function<absl::StatusOr<GetCustomerResponse>(const Call&, const GetCustomerRequest&)>;
  using AsyncHandler = std::function<void(UnaryReply<ResolveResponse>)>;
  using StreamHandler = std::function<void(std::shared_ptr<ServerStream<ReadFileResponse>>)>;

  explicit Scripted(CallGate& gate) : gate_(gate) {}

  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const GetCustomerRequest* request,
                                        GetCustomerResponse* response) override {
    return RunUnary(gate_, context, request, response,
                    {.workspace = request->workspace(), .roles = {"agent"}}, blocking);
  }
  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context,
                                    const ResolveRequest* request,
                                    ResolveResponse* response) override {
    return RunUnaryAsync(gate_, context, request, response,
                         {.workspace = request->workspace(),
                          .roles = {"agent"},
                          .deadline_max = kResolveDeadlineMax},
                         [this](UnaryReply<ResolveResponse> reply, const ResolveRequest&) {
                           async(std::move(reply));
                         });
  }
  grpc::ServerWriteReactor<ReadFileResponse>* ReadFile(grpc::CallbackServerContext* context,
                                                       const ReadFileRequest* request) override {
    absl::StatusOr<Call> call =
        gate_.AdmitStream(*context, {.workspace = request->workspace(), .roles = {"agent"}});
    if (!call.ok()) return ServerStream<ReadFileResponse>::Refuse(call.status());
    auto opened = ServerStream<ReadFileResponse>::Open(*std::move(call), 4);
    stream(opened);
    return opened->reactor();
  }

  Handler blocking = [](const Call&, const GetCustomerRequest&) { return GetCustomerResponse(); };
  AsyncHandler async;
  StreamHandler stream;

 private:
  CallGate& gate_;
};

class ServerTest : public ::testing::Test {
 protected:
  void Serve(const CallLimits& limits = {}, size_t threads = 2, size_t queue_max = 100,
             const GrpcServerOptions& options = {}) {
    fixture_ = std::make_unique<GrpcFixture>(limits, threads, queue_max);
    service_ = std::make_unique<Scripted>(fixture_->gate());
    fixture_->Serve(*service_, options);
    ana_ = fixture_->Client("ana");
    stub_ = ProfileService::NewStub(ana_->channel());
  }
  void TearDown() override {
    if (fixture_ != nullptr) fixture_->server().Shutdown(absl::ZeroDuration());
  }

  absl::StatusOr<GetCustomerResponse> GetCustomer(const CallOptions& options = {},
                                                  const std::string& name = "") {
    GetCustomerRequest request;
    request.set_workspace("demo");
    request.set_customer_id(name);
    return CallBlocking<GetCustomerResponse>(
        *ana_, request, options,
        [&](auto* context, const auto& q, auto* a) { return stub_->GetCustomer(context, q, a); });
  }

  std::future<absl::Status> GetCustomerLater() {
    auto result = std::make_shared<std::promise<absl::Status>>();
    GetCustomerRequest request;
    request.set_workspace("demo");
    CallAsync<GetCustomerResponse>(
        *ana_, request, {},
        [&](auto* c, auto* q, auto* a, auto done) {
          stub_->async()->GetCustomer(c, q, a, std::move(done));
        },
        [result](absl::StatusOr<GetCustomerResponse> answer) {
          result->set_value(answer.status());
        });
    return result->get_future();
  }

  absl::StatusOr<ResolveResponse> Resolve(const CallOptions& options = {}) {
    ResolveRequest request;
    request.set_workspace("demo");
    return CallBlocking<ResolveResponse>(
        *ana_, request, options,
        [&](auto* context, const auto& q, auto* a) { return stub_->Resolve(context, q, a); });
  }

  // All chunks of a stream, and its status.
  std::pair<std::vector<std::string>, absl::Status> ReadFile() {
    grpc::ClientContext context;
    ana_->Prepare(context, {.timeout = absl::Seconds(20)});
    ReadFileRequest request;
    request.set_workspace("demo");
    const auto reader = stub_->ReadFile(&context, request);
    std::vector<std::string> chunks;
    for (ReadFileResponse chunk; reader->Read(&chunk);) chunks.push_back(chunk.data());
    return {chunks, FromGrpc(reader->Finish())};
  }

  static ReadFileResponse Chunk(const std::string& data) {
    ReadFileResponse chunk;
    chunk.set_data(data);
    return chunk;
  }

  // grpc.health.v1.Health/Check, by hand: the field `status` of the answer, 1 = SERVING.
  int HealthStatus() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::GenericStub stub(ana_->channel());
    const grpc::Slice nothing("");
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&](grpc::Status status) { done.set_value(status); });
    if (!done.get_future().get().ok()) return -1;
    grpc::Slice bytes;
    if (!response.DumpToSingleSlice(&bytes).ok() || bytes.size() != 2) return -1;
    return bytes.begin()[1];
  }

  std::unique_ptr<GrpcFixture> fixture_;
  std::unique_ptr<Scripted> service_;
  std::shared_ptr<Peer> ana_;
  std::unique_ptr<ProfileService::Stub> stub_;
};

TEST_F(ServerTest, AnswersACall) {
  Serve();
  service_->blocking = [](const Call&, const GetCustomerRequest& request) {
    GetCustomerResponse response;
    response.mutable_customer()->set_customer_id(request.customer_id());
    return response;
  };
  EXPECT_EQ(GetCustomer({}, "c-1")->customer().customer_id(), "c-1");
}

TEST_F(ServerTest, ErrorsArriveWithTheirDetails) {
  Serve();
  service_->blocking = [](const Call&, const GetCustomerRequest&) {
    return InvalidField("customer_id", "c-1", "does not exist");
  };
  const absl::Status status = GetCustomer().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FieldViolationsOf(status),
              ElementsAre(FieldViolation{"customer_id", "\"c-1\" does not exist"}));
}

TEST_F(ServerTest, HandlerSeesDeadlineAndTrace) {
  Serve();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  Call seen;
  service_->blocking = [&](const Call& call, const GetCustomerRequest&) {
    seen.deadline = call.deadline;
    seen.traceparent = call.traceparent;
    seen.trace_id = call.trace_id;
    return GetCustomerResponse();
  };
  const absl::Time start = absl::Now();
  ASSERT_TRUE(GetCustomer({.timeout = absl::Seconds(30), .traceparent = trace}).ok());
  EXPECT_GT(seen.deadline, start + absl::Seconds(1));
  EXPECT_LE(seen.deadline, absl::Now() + absl::Seconds(31));  // The wire rounds it up.
  EXPECT_EQ(seen.traceparent, trace);
  EXPECT_EQ(seen.trace_id, "0af7651916cd43dd8448eb211c80319c");
}

TEST_F(ServerTest, LongAndMissingDeadlinesAreCut) {
  Serve({.deadline_default = absl::Seconds(3), .deadline_max = absl::Seconds(40)});
  absl::Time deadline;
  service_->blocking = [&](const Call& call, const GetCustomerRequest&) {
    deadline = call.deadline;
    return GetCustomerResponse();
  };
  absl::Time start = absl::Now();
  ASSERT_TRUE(GetCustomer({.timeout = absl::Hours(5)}).ok());
  EXPECT_GE(deadline, start + absl::Seconds(40));
  EXPECT_LE(deadline, absl::Now() + absl::Seconds(40));

  start = absl::Now();
  ASSERT_TRUE(GetCustomer({.timeout = absl::InfiniteDuration()}).ok());
  EXPECT_GE(deadline, start + absl::Seconds(3));
  EXPECT_LE(deadline, absl::Now() + absl::Seconds(3));
}

TEST_F(ServerTest, MethodMayHaveItsOwnLongestDeadline) {
  Serve();
  absl::Time deadline;
  service_->async = [&](const UnaryReply<ResolveResponse>& reply) {
    deadline = reply.call().deadline;
    reply.Finish(ResolveResponse());
  };
  for (const absl::Duration timeout : {absl::Hours(1), absl::InfiniteDuration()}) {
    const absl::Time start = absl::Now();
    ASSERT_TRUE(Resolve({.timeout = timeout}).ok());
    EXPECT_GE(deadline, start + kResolveDeadlineMax);
    EXPECT_LE(deadline, absl::Now() + kResolveDeadlineMax);
  }
}

TEST_F(ServerTest, CallBeginsATraceWhenTheClientHasNone) {
  Serve();
  std::string trace_id;
  service_->blocking = [&](const Call& call, const GetCustomerRequest&) {
    trace_id = call.trace_id;
    return GetCustomerResponse();
  };
  ASSERT_TRUE(GetCustomer().ok());
  EXPECT_THAT(trace_id, SizeIs(32));
}

TEST_F(ServerTest, FullWorkerQueueIsRefusedWithARetryDelay) {
  Serve({}, /*threads=*/1, /*queue_max=*/1);
  std::promise<void> started;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<int> calls = 0;
  service_->blocking = [&](const Call&, const GetCustomerRequest&) {
    if (calls++ == 0) started.set_value();
    released.wait();
    return GetCustomerResponse();
  };
  std::future<absl::Status> running = GetCustomerLater();
  started.get_future().wait();
  ASSERT_TRUE(fixture_->workers().Submit([] {}));  // Fills the queue.

  const absl::Status refused = GetCustomer().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused), "BUSY");
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  release.set_value();
  EXPECT_TRUE(running.get().ok());
}

TEST_F(ServerTest, CallsBeyondTheLimitAreRefusedUntilOneEnds) {
  Serve({.calls_max = 1});
  std::promise<UnaryReply<ResolveResponse>> held;
  service_->async = [&](UnaryReply<ResolveResponse> reply) { held.set_value(std::move(reply)); };
  std::future<absl::Status> first =
      std::async(std::launch::async, [&] { return Resolve().status(); });
  {
    const UnaryReply<ResolveResponse> reply = held.get_future().get();
    EXPECT_EQ(ErrorReason(GetCustomer().status()), "BUSY");
    reply.Finish(ResolveResponse());
  }
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(GetCustomer().ok());
}

TEST_F(ServerTest, DroppedCallIsAnsweredWithAnError) {
  Serve();
  service_->async = [](const UnaryReply<ResolveResponse>&) {};
  EXPECT_EQ(Resolve().status().code(), absl::StatusCode::kInternal);
}

TEST_F(ServerTest, FirstAnswerCounts) {
  Serve();
  service_->async = [](const UnaryReply<ResolveResponse>& reply) {
    reply.Finish(absl::NotFoundError("first"));
    reply.Finish(ResolveResponse());
  };
  EXPECT_EQ(Resolve().status(), absl::NotFoundError("first"));
}

TEST_F(ServerTest, UnservedMethodIsUnimplemented) {
  Serve();
  profile::v1::LinkRequest request;
  const absl::Status status =
      CallBlocking<profile::v1::LinkResponse>(
          *ana_, request, {}, [&](auto* c, const auto& q, auto* a) { return stub_->Link(c, q, a); })
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST_F(ServerTest, OversizedRequestIsRefused) {
  Serve({}, 2, 100, {.message_bytes_max = 1000});
  EXPECT_EQ(GetCustomer({}, std::string(2000, 'x')).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ServerTest, HealthServiceFollowsReadiness) {
  Serve();
  EXPECT_EQ(HealthStatus(), 1);
  const auto condition = fixture_->health().AddCondition("caught up");
  EXPECT_EQ(HealthStatus(), 2);
  condition->Set(true);
  EXPECT_EQ(HealthStatus(), 1);
  fixture_->health().StartDraining();
  EXPECT_EQ(HealthStatus(), 2);
}

TEST_F(ServerTest, MetricsCountCallsByMethodAndCode) {
  Serve();
  ASSERT_TRUE(GetCustomer().ok());
  service_->blocking = [](const Call&, const GetCustomerRequest&) {
    return absl::NotFoundError("no");
  };
  ASSERT_FALSE(GetCustomer().ok());
  const std::string text = fixture_->metrics().Exposition();
  const std::string method = "method=\"trama.profile.v1.ProfileService/GetCustomer\"";
  EXPECT_THAT(text, HasSubstr("trama_grpc_server_calls_total{code=\"OK\"," + method + "} 1"));
  EXPECT_THAT(text,
              HasSubstr("trama_grpc_server_calls_total{code=\"NOT_FOUND\"," + method + "} 1"));
  EXPECT_THAT(text, HasSubstr("trama_grpc_server_handling_seconds_count{" + method + "} 2"));
}

TEST_F(ServerTest, StreamDeliversInOrderAndThenItsStatus) {
  Serve();
  service_->stream = [](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    EXPECT_TRUE(stream->Send(Chunk("a")));
    EXPECT_TRUE(stream->Send(Chunk("b")));
    stream->Finish(absl::DataLossError("torn"));
    EXPECT_FALSE(stream->Send(Chunk("c")));
  };
  const auto [chunks, status] = ReadFile();
  EXPECT_THAT(chunks, ElementsAre("a", "b"));
  EXPECT_EQ(status, absl::DataLossError("torn"));
}

TEST_F(ServerTest, BlockingSenderWaitsForASlowClient) {
  Serve();
  constexpr int kChunks = 500;
  std::thread producer;
  service_->stream = [&](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    producer = std::thread([stream] {
      for (int i = 0; i < kChunks; ++i) {
        if (!stream->SendBlocking(Chunk(absl::StrCat(i)), absl::Seconds(20))) return;
      }
      stream->Finish(absl::OkStatus());
    });
  };
  const auto [chunks, status] = ReadFile();
  producer.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(chunks, SizeIs(kChunks));
  EXPECT_EQ(chunks.back(), absl::StrCat(kChunks - 1));
}

TEST_F(ServerTest, SlowClientDoesNotFillTheMemory) {
  Serve();
  std::promise<int> sent;
  service_->stream = [&](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    int count = 0;
    // More than the connection's window takes without being read.
    while (count < 10'000 && stream->Send(Chunk(std::string(100'000, 'x')))) ++count;
    sent.set_value(count);
    stream->Finish(absl::ResourceExhaustedError("too slow"));
  };
  grpc::ClientContext context;
  ana_->Prepare(context, {.timeout = absl::Seconds(20)});
  ReadFileRequest request;
  request.set_workspace("demo");
  const auto reader = stub_->ReadFile(&context, request);
  EXPECT_LT(sent.get_future().get(), 10'000);
  context.TryCancel();
  reader->Finish();
}

TEST_F(ServerTest, StreamLearnsThatItsClientHasGone) {
  Serve({.streams_max = 1});
  std::promise<void> closed;
  std::shared_ptr<ServerStream<ReadFileResponse>> kept;
  service_->stream = [&](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    kept = stream;
    stream->OnClosed([&] { closed.set_value(); });
    stream->Send(Chunk("hello"));
  };
  {
    grpc::ClientContext context;
    ana_->Prepare(context, {.timeout = absl::Seconds(20)});
    ReadFileRequest request;
    request.set_workspace("demo");
    const auto reader = stub_->ReadFile(&context, request);
    ReadFileResponse chunk;
    ASSERT_TRUE(reader->Read(&chunk));
    EXPECT_EQ(ErrorReason(ReadFile().second), "BUSY");
    context.TryCancel();
    reader->Finish();
  }
  closed.get_future().get();
  EXPECT_TRUE(kept->finishing());
  EXPECT_FALSE(kept->Send(Chunk("late")));
}

TEST_F(ServerTest, RefusedStreamCarriesTheReason) {
  Serve();
  ana_ = fixture_->Client("eva");
  stub_ = ProfileService::NewStub(ana_->channel());
  EXPECT_EQ(ErrorReason(ReadFile().second), "ROLE_MISSING");
}

TEST_F(ServerTest, DrainingGateSendsClientsToAnotherReplica) {
  Serve();
  fixture_->gate().StartDraining();
  const absl::Status status = GetCustomer().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "DRAINING");
}

TEST_F(ServerTest, ShutdownLetsCallsUnderWayEnd) {
  Serve();
  std::promise<void> started;
  std::promise<void> release;
  service_->blocking = [&](const Call&, const GetCustomerRequest&) {
    started.set_value();
    release.get_future().wait();
    return GetCustomerResponse();
  };
  std::future<absl::Status> running = GetCustomerLater();
  started.get_future().wait();
  std::future<void> shutdown =
      std::async(std::launch::async, [&] { fixture_->server().Shutdown(absl::Seconds(20)); });
  release.set_value();
  EXPECT_TRUE(running.get().ok());
  shutdown.get();
  EXPECT_EQ(GetCustomer({.timeout = absl::Seconds(20)}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PortInUseIsAnError) {
  Serve();
  Metrics metrics;
  EXPECT_EQ(
      GrpcServer::Start({.listen = fixture_->server().address()}, {}, fixture_->health(), metrics)
          .status()
          .code(),
      absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, MutualTlsNeedsTheClientsCertificate) {
  const TestCertificates files;
  const GrpcTls tls = {.cert_file = files.certificate_file(),
                       .key_file = files.key_file(),
                       .ca_file = files.ca_file(),
                       .require_client_cert = true};
  Serve({}, 2, 100, {.listen = "127.0.0.1:0", .tls = tls});

  ana_ = fixture_->Client("ana", {.tls = tls});
  stub_ = ProfileService::NewStub(ana_->channel());
  EXPECT_TRUE(GetCustomer({.timeout = absl::Seconds(20)}).ok());

  ana_ = fixture_->Client("ana", {.tls = {.ca_file = files.ca_file()}});
  stub_ = ProfileService::NewStub(ana_->channel());
  EXPECT_EQ(GetCustomer().status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trama::platform
