#include "services/platform/engine/applier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/check.h"
#include "services/platform/base/log.h"
#include "services/platform/base/span.h"
#include "services/platform/engine/apply_trace.h"
#include "services/platform/engine/committer.h"
#include "services/platform/engine/engine_errors.h"
#include "services/platform/engine/loop_rows.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::platform {

Applier::Applier(const LoopContext& context, int32_t partition, int64_t incarnation,
                 std::unique_ptr<Machine> machine, std::unique_ptr<StampClock> clock)
    : context_(context),
      partition_(partition),
      incarnation_(incarnation),
      source_("/trama/" + context.spec.service),
      machine_(std::move(machine)),
      clock_(std::move(clock)) {
  // In the order of Input.
  constexpr const char* kKinds[] = {"tick", "record", "call", "answer", "config", "taken_over"};
  static_assert(std::size(kKinds) == std::variant_size_v<Input>);
  for (size_t i = 0; i < counters_.size(); ++i) {
    counters_[i] = &context.metrics.inputs.With({kKinds[i]});
  }
  Now();
}

absl::Time Applier::Now() {
  stamp_ = clock_->At(context_.deps.clock.Now(), context_.deps.clock.Monotonic());
  if (clock_->jumps() > jumps_seen_) {
    jumps_seen_ = clock_->jumps();
    context_.metrics.alarms.With({kAlarmClockJump}).Increment();
    Log(LogLevel::kError, "the wall clock has jumped, following it slowly",
        {{"partition", partition_}, {"wall_minus_stamp", clock_->skew()}});
  }
  return stamp_;
}

bool Applier::Apply(const Input& input, absl::Time caught_up) {
  Now();
  Effects effects;
  const absl::Time begun = IsTracing() ? absl::Now() : absl::InfinitePast();
  machine_->Apply({stamp_, caught_up}, input, effects);
  if (IsTracing()) {
    std::string trace = TraceApply(context_.spec.service, input, effects, begun);
    if (!trace.empty()) batch_.AddTrace(std::move(trace));
  }
  batch_.CountInput();
  applied_ = true;
  counters_[input.index()]->Increment();
  const bool any = !effects.records.empty() || !effects.replies.empty() ||
                   !effects.pushes.empty() || !effects.questions.empty();
  Collect(effects);
  return any;
}

void Applier::ApplyCall(PendingCall call, absl::Time caught_up) {
  if (call.deadline < context_.deps.clock.Monotonic()) {
    context_.metrics.refused.With({kRefusedLate}).Increment();
    call.on_reply(CallLateError(), nullptr);
    return;
  }
  const size_t waiting_max = context_.spec.limits.waiting_calls_max;
  if (waiting_.size() >= waiting_max) {
    context_.metrics.refused.With({kRefusedFull}).Increment();
    call.on_reply(EngineBusyError("calls wait for their answer", waiting_max), nullptr);
    return;
  }
  waiting_.emplace(call.command.call, WaitingCall{call.deadline, std::move(call.on_reply)});
  Apply(std::move(call.command), caught_up);
}

bool Applier::Tick(absl::Time caught_up) {
  const absl::Time due = NextDeadline();
  TakeRows();  // What changed before, so that what changes now is the tick's.
  const size_t bytes = batch_.bytes();
  const bool effects = Apply(trama::Tick{}, caught_up);
  TakeRows();
  const absl::Time next = NextDeadline();
  // A tick may also come before the deadline, with the news that the inputs have caught up.
  if (next > due && due > absl::InfinitePast() && due <= stamp_) {
    context_.metrics.lateness->Observe(absl::ToDoubleSeconds(stamp_ - due));
  }
  return effects || next != due || batch_.bytes() != bytes;
}

void Applier::Collect(Effects& effects) {
  for (const OutRecord& out : effects.records) {
    absl::StatusOr<Record> record = EventRecord(out, out.partition.value_or(partition_), source_);
    if (!record.ok()) {
      Log(LogLevel::kError, "the machine made a record that is no event",
          {{"topic", out.topic}, {"type", out.type}, {"why", record.status()}});
    }
    TRAMA_CHECK(record.ok());
    NoteSize(out.type, BytesOf(*record));
    batch_.AddRecord(*std::move(record));
  }
  for (const Question& question : effects.questions) {
    TRAMA_CHECK(context_.spec.ask != nullptr);
    context_.spec.ask(partition_, incarnation_, question);
  }
  for (Push& push : effects.pushes) {
    if (push.proposal) {
      context_.spec.push(partition_, incarnation_, push);
    } else {
      batch_.AddRelease(std::move(push));
    }
  }
  for (Reply& reply : effects.replies) CollectReply(reply);
}

void Applier::NoteSize(const std::string& what, size_t bytes) {
  if (bytes <= kRecordBytesMax || !fault_.ok()) return;
  fault_ =
      absl::InvalidArgumentError(absl::StrCat("the machine made a ", what, " of ", bytes,
                                              " bytes, at most ", kRecordBytesMax, " are allowed"));
}

void Applier::CollectReply(Reply& reply) {
  const auto call = waiting_.find(reply.call);
  if (call == waiting_.end()) return;  // Answered already, or its deadline has passed.
  batch_.AddRelease(HeldReply{std::move(call->second.on_reply), std::move(reply.status),
                              std::move(reply.response)});
  waiting_.erase(call);
}

void Applier::TakeRows() {
  for (RowChange& change : machine_->TakeChangedRows()) {
    const size_t bytes = change.key.size() + (change.value.has_value() ? change.value->size() : 0);
    NoteSize("row " + change.key.substr(0, change.key.find('/')), bytes);
    batch_.PutRow(std::move(change.key), std::move(change.value));
  }
}

Batch Applier::TakeBatch() {
  TakeRows();
  if (batch_.durable()) {
    RowChange clock = ClockChange(stamp_);
    batch_.PutRow(std::move(clock.key), std::move(clock.value));
  }
  applied_ = false;
  return std::exchange(batch_, Batch());
}

void Applier::ExpireCalls() {
  const absl::Duration now = context_.deps.clock.Monotonic();
  for (auto call = waiting_.begin(); call != waiting_.end();) {
    if (call->second.deadline >= now) {
      ++call;
      continue;
    }
    context_.metrics.refused.With({kRefusedLate}).Increment();
    call->second.on_reply(CallLateError(), nullptr);
    call = waiting_.erase(call);
  }
}

void Applier::FailCalls() {
  FailReplies(batch_, context_.metrics);
  batch_ = Batch();
  for (auto& [id, call] : waiting_) {
    context_.metrics.refused.With({kRefusedLost}).Increment();
    call.on_reply(OwnerLostError(), nullptr);
  }
  waiting_.clear();
}

}  // namespace trama::platform
