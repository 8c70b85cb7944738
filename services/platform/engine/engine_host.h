#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/config_source.h"
#include "services/platform/engine/engine_spec.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::platform {

// What the host needs from the process. The references must outlive it.
struct EngineDeps {
  KafkaConfig kafka;
  const Clock& clock;
  Metrics& metrics;
  Health& health;
  ConfigSource& config;
};

// Who answers for a partition number.
struct OwnerRef {
  enum class Where {
    kUnknown,  // Nobody, or not known yet: UNAVAILABLE, come again.
    kHere,     // This process, and it is ready.
    kThere,    // The process at `address`.
  };
  Where where = Where::kUnknown;
  std::string address;
};

// The answer to a call: status, and the response if it is OK.
using OnReply = std::function<void(absl::Status, MessagePtr)>;

// Advice in every UNAVAILABLE and RESOURCE_EXHAUSTED of an engine.
inline constexpr absl::Duration kEngineRetryDelay = absl::Milliseconds(250);

// Runs the machines of the partition numbers that this process owns: one loop each. The consumer
// group says which these are; taking over, restoring, committing and handing over are done here, as
// architecture.md, Engines, lays down.
//
// Health: a heartbeat per loop; the condition "engine partitions" holds while every number that is
// ours is served, and only after the group has answered for the first time.
//
// Thread-safe.
class EngineHost {
 public:
  // INVALID_ARGUMENT names what is missing in `spec`.
  static absl::StatusOr<std::unique_ptr<EngineHost>> Create(EngineSpec spec, EngineDeps deps);
  // Leave().
  virtual ~EngineHost() = default;

  // Joins the group. `address` ("host:port" of the gRPC server) is what others learn to dial. Once.
  virtual absl::Status Start(const std::string& address) = 0;

  // Hands every partition over (batch finished and committed, owner cleared, calls answered) and
  // leaves the group. Blocks; calls after it get UNAVAILABLE. Idempotent.
  virtual void Leave() = 0;

  // Puts a command or a read into the inbox of a partition; command.call is set here. `on_reply` is
  // called exactly once, perhaps before this returns, from any thread; it must be quick. The host's
  // own answers:
  //   UNAVAILABLE         not ours, not ready, or lost before its commit: safe to repeat
  //   RESOURCE_EXHAUSTED  the inbox is full; nothing was done
  //   DEADLINE_EXCEEDED   `deadline` (wall time) passed before it was applied
  // The first two carry a retry delay.
  virtual void Submit(int32_t partition, Command command, absl::Time deadline,
                      OnReply on_reply) = 0;

  // The answer to a Question. UNAVAILABLE: that incarnation is gone. RESOURCE_EXHAUSTED: too many
  // answers wait. Either way it is dropped, and the machine's own deadline for it runs out.
  virtual absl::Status Deliver(int32_t partition, int64_t incarnation, Answer answer) = 0;

  virtual OwnerRef OwnerOf(int32_t partition) const = 0;

  // The incarnation that serves a partition here; none when not served here.
  virtual std::optional<int64_t> IncarnationOf(int32_t partition) const = 0;
};

}  // namespace trama::platform
