#pragma once

#include <cstdint>
#include <string>

#include "services/kernel/machine.h"
#include "trama/types/v1/types.pb.h"

namespace trama::routing {

// What one input's handling needs to know about it, and where its effects go.
struct Step {
  Effects& effects;
  int64_t now_ms = 0;
  int64_t caught_up_ms = 0;
  std::string cause;        // The id of the interaction, command, delivery or clock.
  std::string traceparent;  // Of what this input causes; empty when it came without.
  types::v1::Actor actor;   // Whose doing it is.

  // The same for what the engine itself does because of it.
  Step BySystem() const {
    Step step = *this;
    step.actor.Clear();
    step.actor.set_kind(types::v1::Actor::KIND_SYSTEM);
    return step;
  }
};

}  // namespace trama::routing
