#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "services/kernel/machine.h"
#include "services/kernel/trace_context.h"
#include "trama/types/v1/types.pb.h"

namespace trama::routing {

// The answer to a command, before it leaves.
using ResponsePtr = std::shared_ptr<google::protobuf::Message>;

// What one input's handling needs to know about it, and where its effects go.
struct Step {
  Effects& effects;
  int64_t now_ms = 0;
  int64_t caught_up_ms = 0;
  std::string cause;           // The id of the interaction, command, delivery or clock.
  std::string_view came_with;  // The input's traceparent, which outlives the step; may be empty.
  types::v1::Actor actor;      // Whose doing it is.

  // Of what this input causes; empty when it came without. Made when it is first asked for, because
  // many inputs cause nothing.
  const std::string& Traceparent() {
    if (traceparent.empty() && !came_with.empty()) {
      traceparent = DerivedTraceparent(came_with, cause);
    }
    return traceparent;
  }

  // The same for what the engine itself does because of it.
  Step BySystem() {
    Step step{.effects = effects,
              .now_ms = now_ms,
              .caught_up_ms = caught_up_ms,
              .cause = cause,
              .came_with = came_with,
              .traceparent = Traceparent()};
    step.actor.set_kind(types::v1::Actor::KIND_SYSTEM);
    return step;
  }

  std::string traceparent;  // See Traceparent().
};

}  // namespace trama::routing
