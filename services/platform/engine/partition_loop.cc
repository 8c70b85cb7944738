#include "services/platform/engine/partition_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/kafka_error.h"

namespace trama::platform {

PartitionLoop::PartitionLoop(const LoopContext& context, int32_t partition, InputEnds& ends,
                             std::function<void()> on_change)
    : context_(context),
      partition_(partition),
      ends_(ends),
      on_change_(std::move(on_change)),
      inbox_(
          std::make_shared<Inbox>(context.spec.limits.inbox_max, context.spec.limits.answers_max)),
      heartbeat_(context.deps.health.AddHeartbeat(
          absl::StrCat(context.spec.service, " partition ", partition),
          context.spec.times.beat_stale_after)),
      backoff_(context.spec.times.takeover_backoff_min),
      wanted_since_(context.deps.clock.Monotonic()) {
  thread_ = std::thread([this] { Run(); });
}

PartitionLoop::~PartitionLoop() {
  RequestStop(StopOrder::kDrop);
  Join();
}

void PartitionLoop::RequestStop(StopOrder order) {
  {
    std::lock_guard lock(mutex_);
    stop_ = std::max(stop_, order);
  }
  changed_.notify_all();
  inbox_->Wake();
}

void PartitionLoop::Join() {
  if (thread_.joinable()) thread_.join();
}

TopicOffsets PartitionLoop::positions() const {
  std::lock_guard lock(mutex_);
  return positions_;
}

void PartitionLoop::Run() {
  while (true) {
    const absl::Status served = Serve();
    if (served.ok() || stopping()) return;
    // The machine's own fault is a death like any other: it will come again with the same input.
    if (absl::IsInvalidArgument(served)) ours_.reset();
    Pause(served);
  }
}

absl::Status PartitionLoop::Serve() {
  absl::StatusOr<Taken> taken = Take();
  if (!taken.ok()) {
    if (stopping()) return absl::OkStatus();
    context_.metrics.alarms.With({kAlarmTakeoverFailed}).Increment();
    Log(LogLevel::kError, "takeover failed, trying again",
        {{"partition", partition_}, {"why", taken.status()}, {"after", backoff_}});
    return taken.status();
  }
  const absl::Duration took = context_.deps.clock.Monotonic() - wanted_since_;
  context_.metrics.takeover->Observe(absl::ToDoubleSeconds(took));
  Log(LogLevel::kInfo, "taken over",
      {{"partition", partition_},
       {"incarnation", taken->incarnation},
       {"seconds", took},
       {"config_revision", taken->config->revision()}});
  const absl::Duration begun = context_.deps.clock.Monotonic();
  const absl::Status held = Hold(*std::move(taken));
  wanted_since_ = context_.deps.clock.Monotonic();
  const EngineTimes& times = context_.spec.times;
  if (wanted_since_ - begun > times.takeover_backoff_max) backoff_ = times.takeover_backoff_min;
  if (!held.ok()) {
    context_.metrics.ownership_lost->Increment();
    Log(LogLevel::kWarning, "ownership is in doubt, taking over again",
        {{"partition", partition_}, {"why", held}});
  } else {
    Log(LogLevel::kInfo, "left", {{"partition", partition_}});
  }
  return held;
}

absl::StatusOr<Taken> PartitionLoop::Take() {
  TakeoverRequest request;
  request.partition = partition_;
  request.was_ours = [this](int64_t incarnation) { return ours_ == incarnation; };
  request.on_claim = [this](int64_t incarnation) { ours_ = incarnation; };
  request.stopping = [this] {
    heartbeat_->Beat();
    return stopping();
  };
  return TakeOver(context_, request);
}

absl::Status PartitionLoop::Hold(Taken taken) {
  TenureView view;
  view.stop = [this] {
    heartbeat_->Beat();
    std::lock_guard lock(mutex_);
    return stop_;
  };
  view.on_caught_up = [this] { SetReady(true); };
  view.on_positions = [this](const TopicOffsets& positions) {
    std::lock_guard lock(mutex_);
    positions_ = positions;
  };
  prometheus::Gauge& serving = context_.metrics.serving.With({std::to_string(partition_)});
  serving.Set(1);
  absl::Status ended;
  {
    Tenure tenure(context_, partition_, std::move(taken), inbox_, ends_, std::move(view));
    ended = tenure.Run();
    SetReady(false);
  }
  serving.Set(0);
  return ended;
}

void PartitionLoop::Pause(const absl::Status& why) {
  absl::Duration wait = backoff_;
  backoff_ = std::min(backoff_ * 2, context_.spec.times.takeover_backoff_max);
  if (KindOf(why) == KafkaErrorKind::kFenced) {
    // Somebody else believes that he owns it. The group says who is right, at the latest with the
    // next heartbeat but one; until then we must not fence the rightful owner.
    wait = std::max(wait, context_.spec.times.heartbeat_interval * 2);
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(wait),
                    [&] { return stop_ != StopOrder::kNone; });
}

void PartitionLoop::SetReady(bool ready) {
  if (ready_.exchange(ready) != ready) on_change_();
}

bool PartitionLoop::stopping() {
  std::lock_guard lock(mutex_);
  return stop_ != StopOrder::kNone;
}

}  // namespace trama::platform
