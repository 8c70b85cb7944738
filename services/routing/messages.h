#pragma once

#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/routing/v1/work.pb.h"

// What customers do: records of `trama.work.v1`.
namespace trama::routing {

// Takes in one interaction, once: a repeat changes nothing. A message of a person queues its
// conversation; an automatic one is noted only; changes of earlier messages are passed on to
// whoever has the conversation. `entry` holds a v1::Work.
void OnWork(State& state, Step& step, const LogEntry& entry);

}  // namespace trama::routing
