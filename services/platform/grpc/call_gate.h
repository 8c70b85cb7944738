#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "services/kernel/caller.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/tokens.h"
#include "services/platform/base/worker_pool.h"

namespace trama::platform {

// What every handler needs before it looks at its request, in one place: credentials, deadline, a
// slot under the limit of calls, trace. Handlers of unary calls use unary.h, which uses this;
// streams and forwarders use it directly.

struct CallLimits {
  int32_t calls_max = 2000;    // Unary calls under way at once; more get RESOURCE_EXHAUSTED.
  int32_t streams_max = 5000;  // Streams open at once.
  absl::Duration deadline_default = absl::Seconds(10);  // For callers that bring none.
  absl::Duration deadline_max = absl::Seconds(60);      // Longer ones are cut.
};

// Counts a call as under way for as long as it lives. Move-only.
class CallSlot {
 public:
  CallSlot() = default;
  explicit CallSlot(std::atomic<int32_t>* count) : count_(count) {}
  CallSlot(CallSlot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  CallSlot& operator=(CallSlot&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~CallSlot() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<int32_t>* count_ = nullptr;
};

// How many calls of one method may be under way at once, besides the limit of all: a method that
// takes long must not take the room of the others. Thread-safe; outlives its calls.
class MethodLimit {
 public:
  explicit MethodLimit(int32_t calls_max) : calls_max_(calls_max) {}

 private:
  friend class CallGate;
  const int32_t calls_max_;
  std::atomic<int32_t> calls_{0};
};

// A call that was let in. Move-only; keep it until the call is finished.
struct Call {
  Caller caller;
  absl::Time deadline;      // Wall time by which the client wants its answer. Streams: infinite.
  std::string traceparent;  // The client's, or a new one; never empty.
  std::string trace_id;     // 32 hex digits, for logs.
  bool forwarded = false;   // Came from another replica: must be answered here.
  CallSlot slot;
  CallSlot method_slot;  // Of MethodLimit.
};

// Which rules a method lays down. Workspace: that of the request; empty = all workspaces.
struct Access {
  std::string workspace;
  std::vector<std::string_view> roles;  // One of them is needed.
  // Cuts longer deadlines and stands in for missing ones; zero: those of CallLimits. Unary only.
  absl::Duration deadline_max = absl::ZeroDuration();
  MethodLimit* limit = nullptr;  // More calls get RESOURCE_EXHAUSTED; none: the limit of all.
};

// Thread-safe; must outlive the server.
class CallGate {
 public:
  CallGate(const TokenStore& tokens, WorkerPool& workers, const Clock& clock, Metrics& metrics,
           const CallLimits& limits);

  // UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED (with a retry delay),
  // DEADLINE_EXCEEDED when there is no time left, UNAVAILABLE while draining.
  absl::StatusOr<Call> Admit(const grpc::ServerContextBase& context, const Access& access);
  absl::StatusOr<Call> AdmitStream(const grpc::ServerContextBase& context, const Access& access);

  // For work that has waited in a queue: DEADLINE_EXCEEDED when the call's time is up.
  absl::Status CheckInTime(const Call& call) const;
  // RESOURCE_EXHAUSTED (reason BUSY) with a retry delay.
  absl::Status BusyError() const;

  // From now on new calls get UNAVAILABLE (reason DRAINING), so that clients go to another replica.
  void StartDraining() { draining_.store(true); }

  WorkerPool& workers() { return workers_; }
  const Clock& clock() const { return clock_; }
  const CallLimits& limits() const { return limits_; }

 private:
  absl::StatusOr<Call> Check(const grpc::ServerContextBase& context, const Access& access) const;
  absl::StatusOr<Call> AdmitAny(const grpc::ServerContextBase& context, const Access& access,
                                std::atomic<int32_t>& count, int32_t count_max);
  absl::Status Place(const Access& access, std::atomic<int32_t>& count, int32_t count_max,
                     Call& call) const;

  const TokenStore& tokens_;
  WorkerPool& workers_;
  const Clock& clock_;
  const CallLimits limits_;
  CounterFamily& refused_;
  std::atomic<int32_t> calls_{0};
  std::atomic<int32_t> streams_{0};
  std::atomic<bool> draining_{false};
};

}  // namespace trama::platform
