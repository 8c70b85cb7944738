#include "services/routing/routing_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/routing/reply_files.h"

namespace trama::routing {
namespace {

using platform::MethodRules;
using Roles = std::vector<std::string_view>;

// Whether somebody acts for another agent is the machine's to judge.
Roles AgentRoles() { return {"agent", "supervisor"}; }
Roles IntegratorRoles() { return {"integrator", "supervisor", "service"}; }

MethodRules CommandRules(Roles roles) {
  return {.roles = std::move(roles), .deadline_max = platform::kCommandDeadlineMax};
}

MethodRules ReadRules(platform::MethodLimit& limit) {
  return {.roles = {"agent", "supervisor", "integrator", "admin"},
          .deadline_max = platform::kReadDeadlineMax,
          .limit = &limit};
}

}  // namespace

grpc::ServerUnaryReactor* RoutingServer::SetPresence(grpc::CallbackServerContext* context,
                                                     const v1::SetPresenceRequest* request,
                                                     v1::SetPresenceResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::Heartbeat(grpc::CallbackServerContext* context,
                                                   const v1::HeartbeatRequest* request,
                                                   v1::HeartbeatResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::AcceptOffer(grpc::CallbackServerContext* context,
                                                     const v1::AcceptOfferRequest* request,
                                                     v1::AcceptOfferResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::DeclineOffer(grpc::CallbackServerContext* context,
                                                      const v1::DeclineOfferRequest* request,
                                                      v1::DeclineOfferResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::AddNote(grpc::CallbackServerContext* context,
                                                 const v1::AddNoteRequest* request,
                                                 v1::AddNoteResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::Resolve(grpc::CallbackServerContext* context,
                                                 const v1::ResolveRequest* request,
                                                 v1::ResolveResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::CompleteWrapUp(grpc::CallbackServerContext* context,
                                                        const v1::CompleteWrapUpRequest* request,
                                                        v1::CompleteWrapUpResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(AgentRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::Abandon(grpc::CallbackServerContext* context,
                                                 const v1::AbandonRequest* request,
                                                 v1::AbandonResponse* response) {
  return dispatch_.Unary(context, request, response, CommandRules(IntegratorRoles()));
}

grpc::ServerUnaryReactor* RoutingServer::GetConversation(grpc::CallbackServerContext* context,
                                                         const v1::GetConversationRequest* request,
                                                         v1::GetConversationResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(get_conversation_limit_));
}

grpc::ServerUnaryReactor* RoutingServer::ListConversations(
    grpc::CallbackServerContext* context, const v1::ListConversationsRequest* request,
    v1::ListConversationsResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(list_conversations_limit_));
}

grpc::ServerUnaryReactor* RoutingServer::GetAgent(grpc::CallbackServerContext* context,
                                                  const v1::GetAgentRequest* request,
                                                  v1::GetAgentResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(get_agent_limit_));
}

grpc::ServerUnaryReactor* RoutingServer::ListAgents(grpc::CallbackServerContext* context,
                                                    const v1::ListAgentsRequest* request,
                                                    v1::ListAgentsResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(list_agents_limit_));
}

grpc::ServerUnaryReactor* RoutingServer::ListQueues(grpc::CallbackServerContext* context,
                                                    const v1::ListQueuesRequest* request,
                                                    v1::ListQueuesResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(list_queues_limit_));
}

grpc::ServerUnaryReactor* RoutingServer::Reply(grpc::CallbackServerContext* context,
                                               const v1::ReplyRequest* request,
                                               v1::ReplyResponse* response) {
  MethodRules rules = CommandRules(AgentRoles());
  rules.limit = &reply_limit_;
  return dispatch_.UnaryAfter(
      context, request, response, std::move(rules),
      [this](const platform::Call&, const v1::ReplyRequest& wanted, auto done) {
        KeepReplyFiles(blobs_, gate_.workers(), wanted, std::move(done));
      });
}

grpc::ServerWriteReactor<v1::AgentUpdate>* RoutingServer::WatchAgent(
    grpc::CallbackServerContext* context, const v1::WatchAgentRequest* request) {
  absl::StatusOr<platform::Call> call =
      gate_.AdmitStream(*context, {.workspace = request->workspace(), .roles = AgentRoles()});
  if (!call.ok()) return AgentStream::Refuse(call.status());
  const auto route = dispatch_.RouteOf(*call, request->workspace());
  if (!route.ok()) return AgentStream::Refuse(route.status());
  if (route->here) return WatchHere(route->partition, *std::move(call), *request);
  return dispatch_.ForwardStream<v1::AgentUpdate>(
      context, *request, *std::move(call), route->address,
      [](auto channel, auto* client, auto* wanted, auto* reactor) {
        v1::RoutingService::NewStub(channel)->async()->WatchAgent(client, wanted, reactor);
      });
}

grpc::ServerWriteReactor<v1::AgentUpdate>* RoutingServer::WatchHere(
    int32_t partition, platform::Call call, const v1::WatchAgentRequest& request) {
  const Caller caller = call.caller;
  const std::string traceparent = call.traceparent;
  const std::string agent = request.agent_id().empty() ? caller.subject : request.agent_id();
  // Said here because a resumed stream does not ask the machine.
  if (agent != caller.subject && !caller.HasRole("supervisor")) {
    return AgentStream::Refuse(TypedError(absl::StatusCode::kPermissionDenied, "NOT_YOURS",
                                          "only supervisors watch other agents"));
  }
  auto stream = AgentStream::Open(std::move(call), AgentStreams::kStreamQueueMax);
  grpc::ServerWriteReactor<v1::AgentUpdate>* reactor = stream->reactor();
  streams_.Watch(partition, absl::StrCat(request.workspace(), "/", agent), request.resume_token(),
                 std::move(stream), [&](AgentStreams::OnSnapshot done) {
                   Command command;
                   command.caller = caller;
                   command.traceparent = traceparent;
                   command.request = std::make_shared<v1::WatchAgentRequest>(request);
                   host_.Submit(partition, std::move(command),
                                gate_.clock().Now() + gate_.limits().deadline_default,
                                std::move(done));
                 });
  return reactor;
}

}  // namespace trama::routing
