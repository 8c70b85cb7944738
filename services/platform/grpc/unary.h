#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "services/platform/base/log.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/errors.h"

// Short handlers for unary calls. A service that blocks (Redis, files):
//
//   grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
//                                         const GetCustomerRequest* request,
//                                         GetCustomerResponse* response) override {
//     return RunUnary(gate_, context, request, response,
//                     {.workspace = request->workspace(), .roles = {"agent", "supervisor"}},
//                     [this](const Call& call, const GetCustomerRequest& r) {
//                       return profile_.GetCustomer(call, r);  // absl::StatusOr<…Response>
//                     });
//   }
//
// A service that answers later, from another thread (an engine), takes RunUnaryAsync and keeps the
// UnaryReply until it knows the answer.
namespace trama::platform {

// The one answer of a unary call. Copies share it; the first Finish counts. When the last copy goes
// away unanswered, the client gets INTERNAL, so no call is forgotten. Thread-safe.
template <typename Response>
class UnaryReply {
 public:
  UnaryReply(grpc::CallbackServerContext* context, grpc::ServerUnaryReactor* reactor,
             Response* response, Call call)
      : state_(std::make_shared<State>(context, reactor, response, std::move(call))) {}

  void Finish(absl::StatusOr<Response>&& answer) const {
    state_->Finish(answer.status(), [&](Response& response) { response = *std::move(answer); });
  }

  // For an answer that others hold, too: one copy, straight to where the call takes it from.
  void FinishWith(const Response& answer) const {
    state_->Finish(absl::OkStatus(), [&](Response& response) { response = answer; });
  }

  // Trailing metadata of the answer. Only before Finish, by one thread at a time.
  void AddTrailer(const std::string& key, const std::string& value) const {
    state_->context->AddTrailingMetadata(key, value);
  }

  // Who calls, until when, in which trace. Valid as long as this copy.
  const Call& call() const { return state_->call; }
  // Has the client gone? Only before Finish.
  bool IsCancelled() const { return state_->context->IsCancelled(); }

 private:
  struct State {
    State(grpc::CallbackServerContext* context_in, grpc::ServerUnaryReactor* reactor_in,
          Response* response_in, Call call_in)
        : context(context_in),
          reactor(reactor_in),
          response(response_in),
          call(std::move(call_in)) {}
    ~State() {
      Finish(absl::InternalError("the call was dropped without an answer"), [](Response&) {});
    }

    // `fill(Response&)` when the status is OK.
    template <typename Fill>
    void Finish(const absl::Status& status, Fill fill) {
      if (finished.exchange(true)) return;
      call.slot = CallSlot();
      call.method_slot = CallSlot();
      if (status.ok()) fill(*response);
      // After this, context, reactor and response may be gone.
      reactor->Finish(ToGrpc(status));
    }

    grpc::CallbackServerContext* const context;
    grpc::ServerUnaryReactor* const reactor;
    Response* const response;
    Call call;
    std::atomic<bool> finished{false};
  };
  std::shared_ptr<State> state_;
};

// Lets the call in (CallGate::Admit) and runs `function(UnaryReply<Response>, const Request&)` on
// the thread of gRPC, which it must not block. The request lives until Finish.
template <typename Request, typename Response, typename Function>
grpc::ServerUnaryReactor* RunUnaryAsync(CallGate& gate, grpc::CallbackServerContext* context,
                                        const Request* request, Response* response,
                                        const Access& access, Function function) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<Call> call = gate.Admit(*context, access);
  if (!call.ok()) {
    reactor->Finish(ToGrpc(call.status()));
    return reactor;
  }
  function(UnaryReply<Response>(context, reactor, response, *std::move(call)), *request);
  return reactor;
}

// The same, with `function(const Call&, const Request&) -> absl::StatusOr<Response>` on the gate's
// worker pool. A full pool answers RESOURCE_EXHAUSTED; a call whose deadline has passed or whose
// client has gone while it waited is not run.
template <typename Request, typename Response, typename Function>
grpc::ServerUnaryReactor* RunUnary(CallGate& gate, grpc::CallbackServerContext* context,
                                   const Request* request, Response* response, const Access& access,
                                   Function function) {
  return RunUnaryAsync(
      gate, context, request, response, access,
      [&gate, function = std::move(function)](UnaryReply<Response> reply, const Request& wanted) {
        const bool queued = gate.workers().Submit([&gate, function, reply, &wanted] {
          if (absl::Status late = gate.CheckInTime(reply.call()); !late.ok()) {
            return reply.Finish(late);
          }
          if (reply.IsCancelled()) return reply.Finish(absl::CancelledError("the client has gone"));
          ScopedLogTrace trace(reply.call().trace_id);
          reply.Finish(function(reply.call(), wanted));
        });
        if (!queued) reply.Finish(gate.BusyError());
      });
}

}  // namespace trama::platform
