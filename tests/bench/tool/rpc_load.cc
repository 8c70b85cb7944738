#include "tests/bench/tool/rpc_load.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "services/platform/grpc/client.h"
#include "services/platform/grpc/errors.h"
#include "tools/loadgen/latency_histogram.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::bench {
namespace {

constexpr absl::Duration kCallMax = absl::Seconds(20);

// Keeps calls of one method under way until the time is up.
template <typename Request, typename Response>
class Caller {
 public:
  using Start = std::function<void(grpc::ClientContext*, const Request*, Response*,
                                   std::function<void(grpc::Status)>)>;
  // The request of the n-th call.
  using Next = std::function<Request(int64_t)>;

  Caller(const RpcPlan& plan, Start start, Next next)
      : plan_(plan), start_(std::move(start)), next_(std::move(next)) {}

  absl::Status Run() {
    begin_ = absl::Now();
    end_ = begin_ + absl::Seconds(plan_.seconds);
    open_ = plan_.outstanding;
    for (int i = 0; i < plan_.outstanding; ++i) Call();
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return open_ == 0; });
    if (!error_.ok()) return error_;
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin_);
    absl::PrintF(R"({"calls":%d,"seconds":%.3f,"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,)"
                 R"("answer_bytes":%d})"
                 "\n",
                 latency_.count(), seconds, static_cast<double>(latency_.count()) / seconds,
                 absl::ToDoubleMilliseconds(latency_.Quantile(0.5)),
                 absl::ToDoubleMilliseconds(latency_.Quantile(0.99)), answer_bytes_);
    return absl::OkStatus();
  }

 private:
  struct Pending {
    grpc::ClientContext context;
    Request request;
    Response response;
  };

  void Call() {
    auto* pending = new Pending;
    pending->request = next_(number_++);
    pending->context.AddMetadata("authorization", absl::StrCat("Bearer ", plan_.token));
    const absl::Time begin = absl::Now();
    pending->context.set_deadline(absl::ToChronoTime(begin + kCallMax));
    start_(&pending->context, &pending->request, &pending->response,
           [this, pending, begin](grpc::Status status) {
             const std::unique_ptr<Pending> owned(pending);
             OnAnswer(begin, status, pending->response);
           });
  }

  void OnAnswer(absl::Time begin, const grpc::Status& status, const Response& response) {
    const absl::Time now = absl::Now();
    bool again = false;
    {
      std::lock_guard lock(mutex_);
      if (status.ok()) {
        latency_.Record(now - begin);
        answer_bytes_ = response.ByteSizeLong();
      } else {
        error_ = platform::FromGrpc(status);
      }
      again = now < end_ && error_.ok();
      if (!again && --open_ == 0) over_.notify_all();
    }
    if (again) Call();
  }

  const RpcPlan& plan_;
  const Start start_;
  const Next next_;
  std::atomic<int64_t> number_ = 0;
  absl::Time begin_;
  absl::Time end_;
  std::mutex mutex_;
  std::condition_variable over_;
  // Guarded by mutex_:
  int open_ = 0;
  loadgen::LatencyHistogram latency_;
  size_t answer_bytes_ = 0;
  absl::Status error_;
};

absl::Status ReadCustomers(const RpcPlan& plan, const platform::Peer& peer) {
  using profile::v1::GetCustomerRequest;
  const auto stub = profile::v1::ProfileService::NewStub(peer.channel());
  GetCustomerRequest request;
  request.set_workspace(plan.workspace);
  request.mutable_identifier()->set_kind(types::v1::IDENTIFIER_KIND_PHONE);
  request.mutable_identifier()->set_value(plan.phone);
  Caller<GetCustomerRequest, profile::v1::GetCustomerResponse> caller(
      plan,
      [&](auto* context, auto* asked, auto* answer, auto done) {
        stub->async()->GetCustomer(context, asked, answer, std::move(done));
      },
      [&](int64_t) { return request; });
  return caller.Run();
}

absl::Status SetPresences(const RpcPlan& plan, const platform::Peer& peer) {
  using routing::v1::SetPresenceRequest;
  const auto stub = routing::v1::RoutingService::NewStub(peer.channel());
  const std::string run = absl::StrCat(absl::ToUnixMicros(absl::Now()));
  Caller<SetPresenceRequest, routing::v1::SetPresenceResponse> caller(
      plan,
      [&](auto* context, auto* asked, auto* answer, auto done) {
        stub->async()->SetPresence(context, asked, answer, std::move(done));
      },
      [&](int64_t number) {
        SetPresenceRequest request;
        request.set_workspace(plan.workspace);
        request.set_agent_id(plan.agent);
        // Each one is a change, with events and rows.
        request.set_presence(number % 2 == 0 ? agent::v1::PRESENCE_BUSY : agent::v1::PRESENCE_AWAY);
        request.set_command_id(absl::StrCat(run, "-", number));
        return request;
      });
  return caller.Run();
}

absl::Status SendHeartbeats(const RpcPlan& plan, const platform::Peer& peer) {
  using routing::v1::HeartbeatRequest;
  const auto stub = routing::v1::RoutingService::NewStub(peer.channel());
  HeartbeatRequest request;
  request.set_workspace(plan.workspace);
  Caller<HeartbeatRequest, routing::v1::HeartbeatResponse> caller(
      plan,
      [&](auto* context, auto* asked, auto* answer, auto done) {
        stub->async()->Heartbeat(context, asked, answer, std::move(done));
      },
      [&](int64_t) { return request; });
  return caller.Run();
}

class EchoProfile : public profile::v1::ProfileService::CallbackService {
 public:
  explicit EchoProfile(int bytes) {
    answer_.mutable_customer()->set_display_name(std::string(static_cast<size_t>(bytes), 'x'));
  }
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const profile::v1::GetCustomerRequest*,
                                        profile::v1::GetCustomerResponse* response) override {
    *response = answer_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  profile::v1::GetCustomerResponse answer_;
};

class EchoRouting : public routing::v1::RoutingService::CallbackService {
 public:
  explicit EchoRouting(int bytes) {
    answer_.mutable_agent()->set_display_name(std::string(static_cast<size_t>(bytes), 'x'));
  }
  grpc::ServerUnaryReactor* SetPresence(grpc::CallbackServerContext* context,
                                        const routing::v1::SetPresenceRequest*,
                                        routing::v1::SetPresenceResponse* response) override {
    *response = answer_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const routing::v1::HeartbeatRequest*,
                                      routing::v1::HeartbeatResponse* response) override {
    response->set_timeout_ms(1);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  routing::v1::SetPresenceResponse answer_;
};

}  // namespace

absl::Status CallRepeatedly(const RpcPlan& plan) {
  const auto peer = platform::Peer::Make({.addresses = plan.server});
  if (!peer.ok()) return peer.status();
  if (plan.method == "customer") return ReadCustomers(plan, **peer);
  if (plan.method == "presence") return SetPresences(plan, **peer);
  if (plan.method == "heartbeat") return SendHeartbeats(plan, **peer);
  return absl::InvalidArgumentError(
      absl::StrCat("--method must be customer, presence or heartbeat, not \"", plan.method, "\""));
}

absl::Status ServeEcho(const std::string& listen, int answer_bytes) {
  EchoProfile echo_profile(answer_bytes);
  EchoRouting echo_routing(answer_bytes);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials());
  builder.RegisterService(&echo_profile);
  builder.RegisterService(&echo_routing);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::UnavailableError(absl::StrCat("cannot listen on ", listen));
  server->Wait();
  return absl::OkStatus();
}

}  // namespace trama::bench
