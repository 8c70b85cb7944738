#include "services/platform/grpc/call_gate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/check.h"
#include "services/kernel/errors.h"
#include "services/platform/base/trace.h"
#include "services/platform/grpc/caller.h"

namespace trama::platform {
namespace {

// Long enough for a burst to pass, short enough that nobody notices.
constexpr absl::Duration kBusyRetryDelay = absl::Milliseconds(200);

// How much time the client gives; infinite when it does not say.
absl::Duration TimeLeft(const grpc::ServerContextBase& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteDuration();
  return absl::FromChrono(deadline) - absl::Now();
}

absl::Status LateError() {
  return TypedError(absl::StatusCode::kDeadlineExceeded, "TOO_LATE",
                    "the call's time was over before it could be served; give it more");
}

// A place among `count_max`; RESOURCE_EXHAUSTED when all are taken.
absl::StatusOr<CallSlot> Occupy(std::atomic<int32_t>& count, int32_t count_max,
                                const CallGate& gate) {
  const int32_t before = count.fetch_add(1, std::memory_order_relaxed);
  CallSlot slot(&count);
  if (before >= count_max) return gate.BusyError();
  return slot;
}

}  // namespace

CallGate::CallGate(const TokenStore& tokens, WorkerPool& workers, const Clock& clock,
                   Metrics& metrics, const CallLimits& limits)
    : tokens_(tokens),
      workers_(workers),
      clock_(clock),
      limits_(limits),
      refused_(metrics.Counter("trama_grpc_server_refused_total",
                               "Calls refused before their handler saw them.", {"reason"})) {
  TRAMA_CHECK(limits.calls_max > 0 && limits.streams_max > 0);
  TRAMA_CHECK(limits.deadline_default <= limits.deadline_max);
}

absl::StatusOr<Call> CallGate::Admit(const grpc::ServerContextBase& context, const Access& access) {
  absl::StatusOr<Call> call = AdmitAny(context, access, calls_, limits_.calls_max);
  if (!call.ok()) return call.status();
  absl::Duration left = TimeLeft(context);
  if (left <= absl::ZeroDuration()) {
    refused_.With({"TOO_LATE"}).Increment();
    return LateError();
  }
  const bool own_limit = access.deadline_max > absl::ZeroDuration();
  if (left == absl::InfiniteDuration() && !own_limit) left = limits_.deadline_default;
  call->deadline =
      clock_.Now() + std::min(left, own_limit ? access.deadline_max : limits_.deadline_max);
  return call;
}

absl::StatusOr<Call> CallGate::AdmitStream(const grpc::ServerContextBase& context,
                                           const Access& access) {
  absl::StatusOr<Call> call = AdmitAny(context, access, streams_, limits_.streams_max);
  if (!call.ok()) return call.status();
  call->deadline = clock_.Now() + TimeLeft(context);
  return call;
}

absl::Status CallGate::CheckInTime(const Call& call) const {
  return clock_.Now() < call.deadline ? absl::OkStatus() : LateError();
}

absl::Status CallGate::BusyError() const {
  return RetryAfter(TypedError(absl::StatusCode::kResourceExhausted, "BUSY",
                               "too many calls are under way; come again a little later"),
                    kBusyRetryDelay);
}

absl::StatusOr<Call> CallGate::AdmitAny(const grpc::ServerContextBase& context,
                                        const Access& access, std::atomic<int32_t>& count,
                                        int32_t count_max) {
  absl::StatusOr<Call> call = Check(context, access);
  if (call.ok()) {
    if (absl::Status placed = Place(access, count, count_max, *call); !placed.ok()) call = placed;
  }
  if (!call.ok()) refused_.With({ErrorReason(call.status())}).Increment();
  return call;
}

absl::Status CallGate::Place(const Access& access, std::atomic<int32_t>& count, int32_t count_max,
                             Call& call) const {
  absl::StatusOr<CallSlot> slot = Occupy(count, count_max, *this);
  if (!slot.ok()) return slot.status();
  call.slot = *std::move(slot);
  if (access.limit == nullptr) return absl::OkStatus();
  slot = Occupy(access.limit->calls_, access.limit->calls_max_, *this);
  if (!slot.ok()) return slot.status();
  call.method_slot = *std::move(slot);
  return absl::OkStatus();
}

absl::StatusOr<Call> CallGate::Check(const grpc::ServerContextBase& context,
                                     const Access& access) const {
  if (draining_.load(std::memory_order_relaxed)) {
    return RetryAfter(TypedError(absl::StatusCode::kUnavailable, "DRAINING",
                                 "this replica is about to end; call another one"),
                      absl::ZeroDuration());
  }
  absl::StatusOr<Caller> caller = CallerOf(context, tokens_);
  if (!caller.ok()) return caller.status();
  if (absl::Status allowed = Authorize(*caller, access.workspace, access.roles); !allowed.ok()) {
    return allowed;
  }
  Call call;
  call.caller = *std::move(caller);
  call.forwarded = IsForwarded(context);
  call.traceparent = TraceparentOrNew(ClientHeader(context, kTraceparentHeader));
  call.trace_id = TraceIdOf(call.traceparent);
  return call;
}

}  // namespace trama::platform
