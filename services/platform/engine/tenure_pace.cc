// When the loop reads, waits, ticks and commits.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "services/platform/base/log.h"
#include "services/platform/engine/tenure.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kIdleWait = absl::Seconds(1);
// Slices of waiting for a commit; the commit itself has a time-out.
constexpr absl::Duration kSettleWait = absl::Seconds(1);

}  // namespace

bool Tenure::Full() const { return Room() == 0; }

size_t Tenure::Room() const {
  const EngineLimits& limits = context_.spec.limits;
  const Batch& batch = applier_.batch();
  if (batch.bytes() >= limits.batch_bytes_max || batch.inputs() >= limits.batch_inputs_max)
    return 0;
  return limits.batch_inputs_max - batch.inputs();
}

absl::Duration Tenure::TimeToWait() {
  if (!inbox_->empty() || (applier_.gathered() && committer_->idle())) return absl::ZeroDuration();
  const absl::Time now = applier_.Now();
  const absl::Time next = ticks_.NextAt(now, applier_.NextDeadline());
  if (next <= now) return absl::ZeroDuration();
  // Whole milliseconds, not fewer than one: the stamp has no smaller steps.
  return std::clamp(absl::Ceil(next - now, absl::Milliseconds(1)), absl::Milliseconds(1),
                    kIdleWait);
}

void Tenure::AskForEnds() {
  const absl::Time now = applier_.Now();
  if (!caught_up_.ShouldAsk(now, applier_.NextDeadline())) return;
  caught_up_.Asked(now);
  ends_.Ask(partition_, [inbox = inbox_, incarnation = incarnation_](auto ends) {
    inbox->PutEnds(incarnation, std::move(ends));
  });
}

void Tenure::TakeEnds(const absl::StatusOr<TopicOffsets>& ends) {
  if (!ends.ok()) {
    caught_up_.Failed();
    Log(LogLevel::kWarning, "the ends of the inputs are not known, deadlines may wait",
        {{"partition", partition_}, {"why", ends.status()}});
    return;
  }
  for (const auto& [topic, end] : *ends) {
    const int64_t applied = Applied(topic);
    if (applied < 0) continue;  // Not known yet.
    const int64_t behind = std::max<int64_t>(0, end - applied);
    context_.metrics.lag.With({topic, std::to_string(partition_)}).Set(static_cast<double>(behind));
  }
  caught_up_.Answered(*ends);
}

int64_t Tenure::Applied(const std::string& topic) const {
  // With nothing pending, everything that was handed out is applied, and the end of a partition,
  // behind marks that are no records, counts too.
  if (pending_.empty()) return consumer_->Position({topic, partition_});
  const auto applied = applied_.find(topic);
  return applied == applied_.end() ? kOffsetUnknown : applied->second;
}

void Tenure::NoteCaughtUp() {
  if (!caught_up_.Advance([this](const std::string& topic) { return Applied(topic); })) return;
  ticks_.NoteCaughtUp();  // What waited for it can be decided.
  if (told_caught_up_) return;
  told_caught_up_ = true;
  if (std::optional<RowChange> lived = caution_->Lived()) {
    applier_.batch().PutRow(std::move(lived->key), std::move(lived->value));
  }
  if (view_.on_caught_up) view_.on_caught_up();
}

void Tenure::OncePerSecond() {
  const absl::Duration monotonic = context_.deps.clock.Monotonic();
  if (monotonic - last_second_ < absl::Seconds(1)) return;
  last_second_ = monotonic;
  applier_.ExpireCalls();
  const std::string partition = std::to_string(partition_);
  const absl::Duration overdue = applier_.Now() - applier_.NextDeadline();
  context_.metrics.overdue.With({partition})
      .Set(std::max(0.0, absl::ToDoubleSeconds(std::min(overdue, absl::Hours(24)))));
  context_.metrics.inbox.With({partition}).Set(static_cast<double>(inbox_->calls()));
  if (view_.on_positions && committer_->idle() && !applier_.gathered()) {
    view_.on_positions(applied_);
  }
}

void Tenure::HandOver() {
  if (!applier_.gathered() || !committer_->idle()) return;
  Batch batch = applier_.TakeBatch();
  if (!applier_.fault().ok()) return FailReplies(batch, context_.metrics);
  if (batch.empty()) return;
  if (batch.durable()) {
    context_.metrics.batch_inputs->Observe(static_cast<double>(batch.inputs()));
  }
  committer_->Commit(std::move(batch));
}

absl::Status Tenure::WaitForCommitter() {
  while (!committer_->idle() && committer_->status().ok()) committer_->WaitIdle(kSettleWait);
  return committer_->status();
}

absl::Status Tenure::Settle() {
  if (absl::Status before = WaitForCommitter(); !before.ok()) return before;
  HandOver();
  if (!applier_.fault().ok()) return applier_.fault();
  return WaitForCommitter();
}

}  // namespace trama::platform
