#pragma once

#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/conversation/v1/conversation_events.pb.h"

// Who gets which conversation.
namespace trama::routing {

// Offers waiting work to agents until no agent who may be asked has room for anything that waits,
// or kMatchesPerInputMax is reached; the rest stays noted in State. An agent takes the work with
// the lowest score of all his queues; a conversation takes the first agent of Roster's order.
void Match(State& state, Step& step);

}  // namespace trama::routing
