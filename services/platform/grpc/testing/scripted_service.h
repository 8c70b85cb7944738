#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "services/platform/grpc/stream.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::platform {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;
using profile::v1::ReadFileRequest;
using profile::v1::ReadFileResponse;
using profile::v1::ResolveRequest;
using profile::v1::ResolveResponse;

inline constexpr absl::Duration kResolveDeadlineMax = absl::Minutes(5);

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
                          .deadline_max = kResolveDeadlineMax,
                          .limit = resolve_limit},
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
  MethodLimit* resolve_limit = nullptr;

 private:
  CallGate& gate_;
};

class ScriptedServiceTest : public ::testing::Test {
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

}  // namespace trama::platform
