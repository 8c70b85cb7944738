#pragma once

#include "services/kernel/machine.h"
#include "services/routing/state.h"
#include "services/routing/step.h"

namespace trama::routing {

// One call of a client: a read, or a command that is carried out once, however often it is sent.
// Refusals are answers like others. Who acts is the caller; a supervisor may act for an agent.
void OnCommand(State& state, Step& step, const Command& command);

// The actor that a caller is in the events of what he does.
types::v1::Actor ActorOf(const Command& command);

}  // namespace trama::routing
