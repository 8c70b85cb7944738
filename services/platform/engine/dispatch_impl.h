#pragma once

// The templates of dispatch.h; included by it only.

namespace trama::platform {

namespace engine_internal {

template <typename Request>
std::string CommandIdOf(const Request& request) {
  if constexpr (requires { request.command_id(); }) {
    return std::string(request.command_id());
  } else {
    return {};  // A read.
  }
}

// Passes the machine's answer on in the type that the method promises.
template <typename Response>
void Finish(const UnaryReply<Response>& reply, const absl::Status& status,
            const MessagePtr& response) {
  if (!status.ok()) return reply.Finish(status);
  if (response == nullptr || response->GetDescriptor() != Response::descriptor()) {
    return reply.Finish(
        absl::InternalError("the engine's answer is not a " + Response::descriptor()->name()));
  }
  reply.FinishWith(static_cast<const Response&>(*response));
}

}  // namespace engine_internal

template <typename Request, typename Response>
grpc::ServerUnaryReactor* EngineDispatch::Unary(grpc::CallbackServerContext* context,
                                                const Request* request, Response* response,
                                                MethodRules rules) {
  return RunUnaryAsync(gate_, context, request, response, AccessFor(*request, std::move(rules)),
                       [this](UnaryReply<Response> reply, const Request& wanted) {
                         Answer(std::move(reply), wanted);
                       });
}

template <typename Request, typename Response, typename Prepare>
grpc::ServerUnaryReactor* EngineDispatch::UnaryAfter(grpc::CallbackServerContext* context,
                                                     const Request* request, Response* response,
                                                     MethodRules rules, Prepare prepare) {
  return RunUnaryAsync(
      gate_, context, request, response, AccessFor(*request, std::move(rules)),
      [this, prepare = std::move(prepare)](UnaryReply<Response> reply, const Request& wanted) {
        std::function<void(absl::StatusOr<Request>)> done = [this,
                                                             reply](absl::StatusOr<Request> ready) {
          if (!ready.ok()) return reply.Finish(ready.status());
          Answer(reply, *ready);
        };
        prepare(reply.call(), wanted, std::move(done));
      });
}

template <typename Request, typename Response>
void EngineDispatch::Answer(UnaryReply<Response> reply, const Request& request) {
  const absl::StatusOr<Route> route = RouteOf(reply.call(), request.workspace());
  if (!route.ok()) return reply.Finish(route.status());
  if (!route->here) return PassOn(std::move(reply), request, route->address);
  SubmitHere(*route, reply.call(), engine_internal::CommandIdOf(request),
             std::make_shared<Request>(request),
             [reply](const absl::Status& status, const MessagePtr& answer) {
               engine_internal::Finish(reply, status, answer);
             });
}

template <typename Request, typename Response>
void EngineDispatch::PassOn(UnaryReply<Response> reply, const Request& request,
                            const std::string& address) {
  const absl::StatusOr<std::shared_ptr<Peer>> peer = peers_.At(address);
  if (!peer.ok()) return reply.Finish(peer.status());
  reply.AddTrailer(kOwnerTrailer, address);
  const std::string& method = MethodOf(*Request::descriptor());
  CallAsync<Response>(
      **peer, request, ForwardOptions(reply.call()),
      [&](auto* client_context, auto* wanted, auto* answer, auto done) {
        grpc::TemplatedGenericStub<Request, Response>((*peer)->channel())
            .UnaryCall(client_context, method, grpc::StubOptions(), wanted, answer,
                       std::move(done));
      },
      std::function<void(absl::StatusOr<Response>)>([reply](absl::StatusOr<Response> answer) {
        if (!answer.ok()) return reply.Finish(Advised(answer.status()));
        reply.Finish(std::move(answer));
      }));
}

template <typename Response, typename Request, typename Start>
grpc::ServerWriteReactor<Response>* EngineDispatch::ForwardStream(grpc::CallbackServerContext*,
                                                                  const Request& request, Call call,
                                                                  const std::string& address,
                                                                  Start start) {
  absl::StatusOr<std::shared_ptr<Peer>> peer = peers_.At(address);
  if (!peer.ok()) return ServerStream<Response>::Refuse(peer.status());
  CallOptions options = ForwardOptions(call);
  options.timeout = absl::InfiniteDuration();
  auto* stream = new ForwardedStream<Request, Response>(*std::move(peer), request, std::move(call));
  stream->Begin(options, std::move(start));
  return stream;
}

}  // namespace trama::platform
