#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/grpc/client.h"
#include "tools/loadgen/agent.h"

namespace trama::loadgen {

// All agents of a run and the connections that they share.
class Fleet {
 public:
  // INVALID_ARGUMENT for addresses that cannot be used. `calls_owner`: agents call the owner of
  // their workspace directly once they have been told who that is.
  absl::Status Hire(const World& world, const AgentContext& context, int agents, int connections,
                    bool calls_owner);
  // Blocks until every agent is at work. DEADLINE_EXCEEDED says how many are not.
  absl::Status Start(absl::Duration limit);
  // Blocks until every agent is away.
  absl::Status Leave(absl::Duration limit);

 private:
  std::vector<std::shared_ptr<platform::Peer>> peers_;
  std::vector<std::shared_ptr<Agent>> agents_;
};

}  // namespace trama::loadgen
