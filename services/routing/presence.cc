#include "services/routing/presence.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/errors.h"
#include "services/routing/offers.h"
#include "services/routing/publish.h"
#include "services/routing/views.h"

namespace trama::routing {
namespace {

using agent::v1::Presence;

Presence PresenceOf(const Agent& agent) {
  return agent.row == nullptr ? agent::v1::PRESENCE_OFFLINE
                              : static_cast<Presence>(agent.row->presence());
}

absl::Status CheckReason(const WorkspaceSettings& settings, const v1::SetPresenceRequest& request) {
  const std::string& reason = request.reason();
  if (reason.empty()) return absl::OkStatus();
  if (reason.size() > kReasonMaxBytes) {
    return InvalidField("reason", "",
                        absl::StrCat("may be at most ", kReasonMaxBytes, " bytes long"));
  }
  const bool needs_no_list = settings.presence_reasons.empty() ||
                             request.presence() == agent::v1::PRESENCE_AVAILABLE ||
                             request.presence() == agent::v1::PRESENCE_OFFLINE;
  if (needs_no_list || settings.presence_reasons.contains(reason)) return absl::OkStatus();
  return InvalidField("reason", reason,
                      absl::StrCat("is not one of the workspace's presence_reasons: ",
                                   absl::StrJoin(settings.presence_reasons, ", ")));
}

}  // namespace

void ChangePresence(State& state, Step& step, Agent& agent, Presence presence,
                    const std::string& reason) {
  const Presence from = PresenceOf(agent);
  const std::string from_reason = agent.row == nullptr ? "" : agent.row->reason();
  if (from == presence && from_reason == reason) return;
  const int64_t since_ms = agent.row == nullptr ? 0 : agent.row->since_ms();
  v1::AgentRow& row = state.Edit(agent);
  row.set_presence(presence);
  row.set_reason(reason);
  row.set_since_ms(step.now_ms);
  const bool comes = presence == agent::v1::PRESENCE_AVAILABLE && from != presence;
  if (comes && !agent.HasLoad()) row.set_idle_since_ms(step.now_ms);
  Publish(state, step, agent, [&](agent::v1::AgentEvent& event) {
    agent::v1::PresenceChanged& changed = *event.mutable_presence_changed();
    changed.set_from(from);
    changed.set_to(presence);
    changed.set_reason(reason);
    changed.set_from_reason(from_reason);
    if (since_ms != 0) changed.set_duration_ms(step.now_ms - since_ms);
  });
  state.Refresh(agent);
  if (presence != agent::v1::PRESENCE_AVAILABLE) {
    WithdrawOffers(state, step, agent,
                   absl::StrCat("the agent is not available", reason.empty() ? "" : ": ", reason));
  }
  if (presence == agent::v1::PRESENCE_OFFLINE) {
    state.silences.Set(agent, 0);
  } else if (from == agent::v1::PRESENCE_OFFLINE) {
    Hear(state, step, agent);  // Also when a supervisor has brought him in.
  }
  v1::AgentUpdate update;
  *update.mutable_agent() = ViewOf(agent);
  Tell(step, agent, std::move(update));
}

void Hear(State& state, const Step& step, Agent& agent) {
  agent.heard_ms = step.now_ms;
  if (PresenceOf(agent) == agent::v1::PRESENCE_OFFLINE) return;
  // A standing timer is only moved when it fires: heartbeats are many.
  if (agent.silent_ms != 0) return;
  state.silences.Set(agent, step.now_ms + agent.workspace->settings->heartbeat_timeout_ms);
}

void CheckSilence(State& state, Step& step, Agent& agent) {
  const int64_t lost_ms = agent.heard_ms + agent.workspace->settings->heartbeat_timeout_ms;
  if (step.now_ms < lost_ms) {
    state.silences.Set(agent, lost_ms);
    return;
  }
  state.silences.Set(agent, 0);
  Publish(state, step, agent, [&](agent::v1::AgentEvent& event) {
    event.mutable_heartbeat_lost()->set_silent_ms(step.now_ms - agent.heard_ms);
  });
  ChangePresence(state, step, agent, agent::v1::PRESENCE_OFFLINE, kUnreachable);
}

void RetimeSilences(State& state, Workspace& workspace) {
  for (const auto& [name, agent] : workspace.roster.agents()) {
    if (agent->silent_ms == 0) continue;
    state.silences.Set(*agent, agent->heard_ms + workspace.settings->heartbeat_timeout_ms);
  }
}

void HearAll(State& state, const Step& step) {
  for (const auto& [workspace_name, workspace] : state.workspaces()) {
    for (const auto& [name, agent] : workspace->roster.agents()) Hear(state, step, *agent);
  }
}

absl::StatusOr<ResponsePtr> SetPresence(State& state, Step& step, Agent& agent,
                                        const v1::SetPresenceRequest& request) {
  if (request.presence() == agent::v1::PRESENCE_UNSPECIFIED ||
      !agent::v1::Presence_IsValid(request.presence())) {
    return InvalidField("presence", absl::StrCat(request.presence()),
                        "is no presence; give OFFLINE, AVAILABLE, BUSY or AWAY");
  }
  const absl::Status reason = CheckReason(*agent.workspace->settings, request);
  if (!reason.ok()) return reason;
  ChangePresence(state, step, agent, request.presence(), request.reason());
  auto response = std::make_shared<v1::SetPresenceResponse>();
  *response->mutable_agent() = ViewOf(agent);
  return response;
}

absl::StatusOr<ResponsePtr> Heartbeat(State& state, Step& step, Agent& agent) {
  Hear(state, step, agent);
  auto response = std::make_shared<v1::HeartbeatResponse>();
  response->set_timeout_ms(agent.workspace->settings->heartbeat_timeout_ms);
  return response;
}

}  // namespace trama::routing
