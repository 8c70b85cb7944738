#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/server_callback.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/engine/peers.h"
#include "services/platform/engine/stream_forward.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/caller.h"
#include "services/platform/grpc/client.h"
#include "services/platform/grpc/method_rules.h"
#include "services/platform/grpc/stream.h"
#include "services/platform/grpc/unary.h"

namespace trama::platform {

struct EngineDispatchOptions {
  // Full name of the gRPC service, "trama.routing.v1.RoutingService": its methods are told apart by
  // their request messages, each of which belongs to one method only.
  std::string grpc_service;
  // Which number a workspace has (ConfigView::PartitionOf of the current revision).
  std::function<absl::StatusOr<int32_t>(std::string_view workspace)> partition_of;
  PeersOptions peers;
};

// Brings every call to the machine that owns its workspace, wherever that is: any replica answers.
//
//   grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
//                                         const AcceptOfferRequest* request,
//                                         AcceptOfferResponse* response) override {
//     return dispatch_.Unary(context, request, response,
//                            {.roles = {"agent"}, .deadline_max = kCommandDeadlineMax});
//   }
//
// Authenticate and authorise (CallGate) → workspace → number → Submit here, or pass on to the
// owner with the caller's identity, deadline and trace. A call is passed on once: the owner answers
// it or says UNAVAILABLE; the client is told who that was (kOwnerTrailer). The request must have a
// field `workspace`; a field `command_id`, if there is one, becomes Command::id.
//
// Thread-safe; must outlive the gRPC server.
class EngineDispatch {
 public:
  EngineDispatch(EngineHost& host, CallGate& gate, EngineDispatchOptions options);

  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response, MethodRules rules);

  // The same for a request that has to be made ready first, here, whoever owns the workspace (its
  // files are put into the blob store). `prepare(const Call&, Request, std::function<void(
  // absl::StatusOr<Request>)> done)` must not block and call `done` once.
  template <typename Request, typename Response, typename Prepare>
  grpc::ServerUnaryReactor* UnaryAfter(grpc::CallbackServerContext* context, const Request* request,
                                       Response* response, MethodRules rules, Prepare prepare);

  // Where a call (or stream) of this workspace is answered.
  struct Route {
    bool here = false;
    int32_t partition = 0;
    std::string address;  // Unless here.
  };
  // UNAVAILABLE with a retry delay when nobody is known, or when another replica has passed this
  // call on to us and we are not the owner.
  absl::StatusOr<Route> RouteOf(const Call& call, std::string_view workspace) const;

  // Passes a server stream on to the owner: what the owner writes is written, and both ends end
  // together. `start(channel, ClientContext*, const Request*, ClientReadReactor<Response>*)`:
  //
  //   [](auto channel, auto* context, auto* request, auto* reactor) {
  //     RoutingService::NewStub(channel)->async()->WatchAgent(context, request, reactor);
  //   }
  template <typename Response, typename Request, typename Start>
  grpc::ServerWriteReactor<Response>* ForwardStream(grpc::CallbackServerContext* context,
                                                    const Request& request, Call call,
                                                    const std::string& address, Start start);

 private:
  template <typename Request>
  static Access AccessFor(const Request& request, MethodRules rules) {
    return {.workspace = request.workspace(),
            .roles = std::move(rules.roles),
            .deadline_max = rules.deadline_max,
            .limit = rules.limit};
  }
  template <typename Request, typename Response>
  void Answer(UnaryReply<Response> reply, const Request& request);
  template <typename Request, typename Response>
  void PassOn(UnaryReply<Response> reply, const Request& request, const std::string& address);

  // "/trama.routing.v1.RoutingService/AcceptOffer". A request that no method of the service takes
  // is a broken promise.
  const std::string& MethodOf(const google::protobuf::Descriptor& request) const;
  // The time that is left, the caller's identity and his trace.
  CallOptions ForwardOptions(const Call& call) const;
  // UNAVAILABLE from the way to the owner gets a retry delay too.
  static absl::Status Advised(absl::Status status);
  void SubmitHere(const Route& route, const Call& call, std::string id, MessagePtr request,
                  OnReply on_reply);

  EngineHost& host_;
  CallGate& gate_;
  const EngineDispatchOptions options_;
  std::map<const google::protobuf::Descriptor*, std::string> methods_;
  Peers peers_;
};

}  // namespace trama::platform

#include "services/platform/engine/dispatch_impl.h"
