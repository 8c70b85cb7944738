#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/loadgen/customers.h"
#include "tools/loadgen/report.h"
#include "tools/loadgen/world.h"

namespace trama::loadgen {

struct RunOptions {
  CustomerPlan customers;
  absl::Duration warm_up;      // Of `customers.duration`: not in the latencies.
  int agents = 0;              // Of those that the world has; 0: all.
  int connections = 8;         // That the agents share.
  bool calls_owner = false;    // Agents call the owner directly once they know him.
  bool answers = true;         // They write an answer before they resolve a conversation.
  absl::Duration agent_pause;  // Before each step of an agent.
  absl::Duration settle_max;   // After the last message, until everything is everywhere.
  bool receipts = false;       // Vendors tell of each text that the customer has it.
  bool has_others = false;     // Somebody else writes to the workspace, too.
  std::string journal;         // A file; empty: none.
};

// Plays one run: agents come, customers write, agents work, everything settles, and both sides are
// compared. Says on stderr what it does. An error means that no judgement was possible.
absl::StatusOr<Report> Play(const World& world, const RunOptions& options);

}  // namespace trama::loadgen
