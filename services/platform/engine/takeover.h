#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/platform/base/stamp_clock.h"
#include "services/platform/engine/caught_up.h"
#include "services/platform/engine/caution.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/engine/engine_metrics.h"
#include "services/platform/engine/engine_spec.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::platform {

// What every loop of a host works with. The references outlive the loops.
struct LoopContext {
  const EngineSpec& spec;
  const EngineDeps& deps;
  EngineMetrics& metrics;
  std::string address;  // Of our gRPC server.
};

// What a takeover has made: the partition is ours, committed as such, and nothing is applied yet.
struct Taken {
  int64_t incarnation = 0;
  std::unique_ptr<Machine> machine;
  std::unique_ptr<TransactionalProducer> producer;
  std::unique_ptr<Consumer> consumer;  // Assigned to the inputs, nothing polled.
  ConfigPtr config;                    // At least as new as the one that the machine has taken in.
  std::unique_ptr<StampClock> clock;
  std::unique_ptr<Caution> caution;
};

struct TakeoverRequest {
  int32_t partition = 0;
  // The last owner was this process, alive and without fault: not a death.
  std::function<bool(int64_t incarnation)> was_ours;
  // Told before it is committed that the partition is ours.
  std::function<void(int64_t incarnation)> on_claim;
  std::function<bool()> stopping;  // Asked between and during the steps.
};

// Takes a partition over, in the order that makes it safe (architecture.md, Engines 2): fence the
// last owner, read its rows, find the inputs, say so in one transaction. ABORTED when stopping;
// any other error: nothing is ours, try again.
absl::StatusOr<Taken> TakeOver(const LoopContext& context, const TakeoverRequest& request);

// The owner record of a partition; an empty address when it is left.
Record OwnerRecord(const EngineSpec& spec, int32_t partition, int64_t incarnation,
                   const std::string& address, absl::Time since);

}  // namespace trama::platform
