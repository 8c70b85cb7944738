#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/agent/v1/agent_events.pb.h"
#include "trama/routing/v1/routing_service.pb.h"

// Whether agents are there.
namespace trama::routing {

inline constexpr char kUnreachable[] = "unreachable";  // The reason when a heartbeat was lost.

// Publishes the change and withdraws offers of whoever is no longer available. Nothing happens when
// nothing changes.
void ChangePresence(State& state, Step& step, Agent& agent, agent::v1::Presence presence,
                    const std::string& reason);

// His client was heard: his silence starts anew.
void Hear(State& state, const Step& step, Agent& agent);
// His silence may have lasted too long.
void CheckSilence(State& state, Step& step, Agent& agent);
// A new configuration may allow another silence.
void RetimeSilences(State& state, Workspace& workspace);
// After a takeover everybody who was present gets a full new time.
void HearAll(State& state, const Step& step);

absl::StatusOr<ResponsePtr> SetPresence(State& state, Step& step, Agent& agent,
                                        const v1::SetPresenceRequest& request);
absl::StatusOr<ResponsePtr> Heartbeat(State& state, Step& step, Agent& agent);

}  // namespace trama::routing
