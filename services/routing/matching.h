#pragma once

#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/conversation/v1/conversation_events.pb.h"

// Who gets which conversation.
namespace trama::routing {

// Offers waiting work to agents until no agent who may be asked has room for anything that waits,
// or kMatchesPerInputMax is reached; the rest stays noted in State.
//
// Every offer is the first choice of both sides: of all that waits and that the agent may take it
// has the lowest score, and of all agents who may take it he is the first in Roster's order.
void Match(State& state, Step& step);

}  // namespace trama::routing
