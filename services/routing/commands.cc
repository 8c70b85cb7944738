#include "services/routing/commands.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "services/kernel/errors.h"
#include "services/routing/life.h"
#include "services/routing/offers.h"
#include "services/routing/presence.h"
#include "services/routing/reads.h"
#include "services/routing/refusals.h"
#include "services/routing/replies.h"
#include "services/routing/views.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing {
namespace {

using Outcome = absl::StatusOr<ResponsePtr>;
using Handler = Outcome (*)(State&, Step&, const Command&);

struct Method {
  Handler handler = nullptr;
  bool needs_id = false;  // It changes something that must happen once.
};

absl::Status CheckEntry(const Command& command, const std::string& workspace) {
  if (workspace.empty()) {
    return InvalidField("workspace", "", "must be given");
  }
  if (command.caller.MayEnter(workspace)) return absl::OkStatus();
  return TypedError(absl::StatusCode::kPermissionDenied, "WORKSPACE_FORBIDDEN",
                    absl::StrCat("\"", command.caller.subject, "\" may not act in workspace \"",
                                 workspace, "\""));
}

// For whom the caller acts: himself, or another agent when he is a supervisor.
absl::StatusOr<Agent*> ActingAgent(State& state, const Command& command,
                                   const std::string& workspace_name, const std::string& agent_id) {
  const std::string& name = agent_id.empty() ? command.caller.subject : agent_id;
  if (name != command.caller.subject && !command.caller.HasRole("supervisor")) {
    return TypedError(absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
                      absl::StrCat("to act for agent \"", name, "\" needs role supervisor"));
  }
  const Workspace* workspace = state.FindWorkspace(workspace_name);
  Agent* agent = workspace == nullptr ? nullptr : workspace->roster.Find(name);
  if (agent == nullptr || agent->settings == nullptr) return UnknownAgent(name);
  return agent;
}

// What only few requests have: fields that are free texts of the client, bounded.
template <typename Request>
absl::Status CheckReason(const Request& request) {
  if constexpr (requires { request.reason(); }) {
    if (request.reason().size() > kReasonMaxBytes) {
      return InvalidField("reason", "",
                          absl::StrCat("may be at most ", kReasonMaxBytes, " bytes long"));
    }
  }
  return absl::OkStatus();
}

template <typename Request>
using AgentFunction = Outcome (*)(State&, Step&, Agent&, const Request&);

// A command of an agent.
template <typename Request, AgentFunction<Request> Function>
Outcome ByAgent(State& state, Step& step, const Command& command) {
  const auto& request = static_cast<const Request&>(*command.request);
  if (absl::Status entry = CheckEntry(command, request.workspace()); !entry.ok()) return entry;
  if (absl::Status reason = CheckReason(request); !reason.ok()) return reason;
  absl::StatusOr<Agent*> agent =
      ActingAgent(state, command, request.workspace(), request.agent_id());
  if (!agent.ok()) return agent.status();
  if ((*agent)->name == command.caller.subject) Hear(state, step, **agent);
  return Function(state, step, **agent, request);
}

Outcome OnHeartbeat(State& state, Step& step, const Command& command) {
  const auto& request = static_cast<const v1::HeartbeatRequest&>(*command.request);
  if (absl::Status entry = CheckEntry(command, request.workspace()); !entry.ok()) return entry;
  absl::StatusOr<Agent*> agent = ActingAgent(state, command, request.workspace(), "");
  if (!agent.ok()) return agent.status();
  return Heartbeat(state, step, **agent);
}

Outcome OnAbandon(State& state, Step& step, const Command& command) {
  const auto& request = static_cast<const v1::AbandonRequest&>(*command.request);
  if (absl::Status entry = CheckEntry(command, request.workspace()); !entry.ok()) return entry;
  return Abandon(state, step, request);
}

// The beginning of a stream: everything that the agent works on.
Outcome OnWatchAgent(State& state, Step&, const Command& command) {
  const auto& request = static_cast<const v1::WatchAgentRequest&>(*command.request);
  if (absl::Status entry = CheckEntry(command, request.workspace()); !entry.ok()) return entry;
  absl::StatusOr<Agent*> agent =
      ActingAgent(state, command, request.workspace(), request.agent_id());
  if (!agent.ok()) return agent.status();
  auto update = std::make_shared<v1::AgentUpdate>();
  *update->mutable_snapshot() = SnapshotOf(**agent);
  return update;
}

Outcome OnGetAgent(State& state, Step&, const Command& command) {
  const auto& request = static_cast<const v1::GetAgentRequest&>(*command.request);
  if (absl::Status entry = CheckEntry(command, request.workspace()); !entry.ok()) return entry;
  return GetAgent(state, request, command.caller.subject);
}

template <typename Request>
using ReadFunction = Outcome (*)(State&, const Request&);

template <typename Request, ReadFunction<Request> Function>
Outcome Read(State& state, Step&, const Command& command) {
  const auto& request = static_cast<const Request&>(*command.request);
  if (absl::Status entry = CheckEntry(command, request.workspace()); !entry.ok()) return entry;
  return Function(state, request);
}

template <typename Request>
std::pair<const google::protobuf::Descriptor*, Method> Entry(Handler handler, bool needs_id) {
  return {Request::descriptor(), Method{handler, needs_id}};
}

const std::map<const google::protobuf::Descriptor*, Method>& Methods() {
  constexpr bool kWithId = true;
  constexpr bool kWithoutId = false;
  static const auto& methods = *new std::map<const google::protobuf::Descriptor*, Method>{
      Entry<v1::SetPresenceRequest>(&ByAgent<v1::SetPresenceRequest, &SetPresence>, kWithId),
      Entry<v1::HeartbeatRequest>(&OnHeartbeat, kWithoutId),
      Entry<v1::WatchAgentRequest>(&OnWatchAgent, kWithoutId),
      Entry<v1::AcceptOfferRequest>(&ByAgent<v1::AcceptOfferRequest, &AcceptOffer>, kWithId),
      Entry<v1::DeclineOfferRequest>(&ByAgent<v1::DeclineOfferRequest, &DeclineOffer>, kWithId),
      Entry<v1::ReplyRequest>(&ByAgent<v1::ReplyRequest, &Reply>, kWithId),
      Entry<v1::AddNoteRequest>(&ByAgent<v1::AddNoteRequest, &AddNote>, kWithId),
      Entry<v1::ResolveRequest>(&ByAgent<v1::ResolveRequest, &Resolve>, kWithId),
      Entry<v1::CompleteWrapUpRequest>(&ByAgent<v1::CompleteWrapUpRequest, &CompleteWrapUp>,
                                       kWithId),
      Entry<v1::AbandonRequest>(&OnAbandon, kWithId),
      Entry<v1::GetConversationRequest>(&Read<v1::GetConversationRequest, &GetConversation>,
                                        kWithoutId),
      Entry<v1::ListConversationsRequest>(&Read<v1::ListConversationsRequest, &ListConversations>,
                                          kWithoutId),
      Entry<v1::GetAgentRequest>(&OnGetAgent, kWithoutId),
      Entry<v1::ListAgentsRequest>(&Read<v1::ListAgentsRequest, &ListAgents>, kWithoutId),
      Entry<v1::ListQueuesRequest>(&Read<v1::ListQueuesRequest, &ListQueues>, kWithoutId)};
  return methods;
}

// The conversation that an answer shows, null when it shows none.
v1::Conversation* ShownIn(google::protobuf::Message& response) {
  const auto* field = response.GetDescriptor()->FindFieldByName("conversation");
  if (field == nullptr || !response.GetReflection()->HasField(response, field)) return nullptr;
  return static_cast<v1::Conversation*>(response.GetReflection()->MutableMessage(&response, field));
}

using Memory = CommandMemory<engine::v1::CommandRow>;

// Leaves out what would make the row too long and can be read again.
void Shorten(google::protobuf::Message& answer) {
  if (v1::Conversation* shown = ShownIn(answer)) {
    shown->clear_facts();
    shown->clear_required_skills();
    shown->clear_traceparent();
  }
  const auto* field = answer.GetDescriptor()->FindFieldByName("agent");
  if (field == nullptr) return;
  auto& agent = static_cast<v1::Agent&>(*answer.GetReflection()->MutableMessage(&answer, field));
  agent.clear_skills();
  agent.clear_conversation_ids();
}

// The first answer as a row: without personal data.
void Remember(State& state, const Step& step, const std::string& key, const Outcome& outcome) {
  const absl::Time now = absl::FromUnixMillis(step.now_ms);
  if (!outcome.ok()) {
    state.commands.Remember(now, key, outcome.status(), nullptr);
    return;
  }
  google::protobuf::Message& answer = **outcome;
  v1::Conversation* shown = ShownIn(answer);
  // Taken out for a moment: to copy the answer without it costs more than all the rest.
  types::v1::Identifier* identifier =
      shown != nullptr && shown->has_identifier() ? shown->release_identifier() : nullptr;
  if (answer.ByteSizeLong() <= Memory::kAnswerBytesMax) {
    state.commands.Remember(now, key, absl::OkStatus(), &answer);
  } else {
    std::unique_ptr<google::protobuf::Message> shorter(answer.New());
    shorter->CopyFrom(answer);
    Shorten(*shorter);
    state.commands.Remember(now, key, absl::OkStatus(), shorter.get());
  }
  if (identifier != nullptr) shown->set_allocated_identifier(identifier);
}

// A remembered answer with what its row may not hold.
ResponsePtr Completed(State& state, const MessagePtr& remembered) {
  ResponsePtr copy(remembered->New());
  copy->CopyFrom(*remembered);
  v1::Conversation* shown = ShownIn(*copy);
  if (shown == nullptr) return copy;
  const Conversation* conversation =
      state.FindConversation(shown->workspace(), shown->conversation_id());
  if (conversation != nullptr && conversation->identifier) {
    *shown->mutable_identifier() = *conversation->identifier;
  }
  return copy;
}

// A mistake in the request, or something that will pass, must not stand in the way of a repeat.
bool IsDecision(const absl::Status& status) {
  return status.ok() || status.code() == absl::StatusCode::kFailedPrecondition ||
         status.code() == absl::StatusCode::kPermissionDenied;
}

Outcome CarryOut(State& state, Step& step, const Command& command, const Method& method) {
  if (!method.needs_id) return method.handler(state, step, command);
  if (command.id.empty() || command.id.size() > kCommandIdMaxBytes) {
    return InvalidField("command_id", "",
                        absl::StrCat("must be given, at most ", kCommandIdMaxBytes,
                                     " bytes, the same for a repeat; for example a UUID"));
  }
  const std::string key = Memory::KeyOf(command);
  if (auto first = state.commands.Find(key)) {
    if (!first->status.ok()) return first->status;
    return Completed(state, first->response);
  }
  Outcome outcome = method.handler(state, step, command);
  if (IsDecision(outcome.status())) Remember(state, step, key, outcome);
  return outcome;
}

}  // namespace

void OnCommand(State& state, Step& step, const Command& command) {
  const auto it = Methods().find(command.request->GetDescriptor());
  Outcome outcome =
      it == Methods().end()
          ? Outcome(absl::UnimplementedError(absl::StrCat(
                command.request->GetDescriptor()->full_name(), " is no request of routing")))
          : CarryOut(state, step, command, it->second);
  trama::Reply& reply = step.effects.replies.emplace_back();
  reply.call = command.call;
  reply.status = outcome.status();
  if (outcome.ok()) reply.response = *std::move(outcome);
}

types::v1::Actor ActorOf(const Command& command) {
  types::v1::Actor actor;
  actor.set_id(command.caller.subject);
  if (command.caller.HasRole("agent")) {
    actor.set_kind(types::v1::Actor::KIND_AGENT);
  } else if (command.caller.HasRole("supervisor")) {
    actor.set_kind(types::v1::Actor::KIND_SUPERVISOR);
  } else {
    actor.set_kind(types::v1::Actor::KIND_INTEGRATOR);
  }
  return actor;
}

}  // namespace trama::routing
