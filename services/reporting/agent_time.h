#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "services/reporting/kpi_fold.h"
#include "services/reporting/kpi_rows.h"
#include "trama/agent/v1/agent_events.pb.h"
#include "trama/reporting/v1/reporting_state.pb.h"

// How agents spend their time: a fold over their events that remembers how each of them stands.
namespace trama::reporting {

// Of one state so much is counted at most: nobody is signed in longer, and what one event adds
// stays bounded.
inline constexpr absl::Duration kStateMax = absl::Hours(24 * 7);

// Adds the time since the agent's last event to `folded`, and what he is from now on to both.
void Fold(const agent::v1::AgentEvent& event, AgentStates& states, Folded& folded);

// Adds the time that has passed in states which have not ended, up to `now`.
void AddRunning(const AgentStates& states, absl::Time now, CountersByGroup& counted);

}  // namespace trama::reporting
