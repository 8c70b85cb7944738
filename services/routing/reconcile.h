#pragma once

#include "services/kernel/machine.h"
#include "services/routing/state.h"
#include "services/routing/step.h"

// Takes in configuration revisions by their difference to the one before, which stands in rows.
namespace trama::routing {

// Keeps what concerns this partition's workspaces, and notes which agents and conversations have
// become doubtful. A revision that was taken in before changes nothing.
void OnRevision(State& state, Step& step, const ConfigRevision& revision);

// After a takeover: what the last owner had not settled is noted again.
void NoteDoubts(State& state);

// Settles at most kReconciledPerInputMax of what is noted:
//   - a deleted agent's offers are withdrawn, his conversations wait again with their age;
//   - an offer to somebody who may not serve the queue any more is withdrawn;
//   - a waiting conversation whose queue is gone, or that no queue took, tries all queues.
void SettleDoubts(State& state, Step& step);

}  // namespace trama::routing
