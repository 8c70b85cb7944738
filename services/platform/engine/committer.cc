#include "services/platform/engine/committer.h"

#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "services/kernel/check.h"
#include "services/platform/engine/apply_trace.h"
#include "services/platform/engine/engine_errors.h"

namespace trama::platform {

Committer::Committer(std::unique_ptr<TransactionalProducer> producer, CommitterOptions options,
                     const Clock& clock, EngineMetrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      seconds_(*metrics.commit),
      producer_(std::move(producer)) {
  thread_ = std::thread([this] { Run(); });
}

Committer::~Committer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Committer::idle() const {
  std::lock_guard lock(mutex_);
  return !busy_ && status_.ok();
}

absl::Status Committer::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Committer::Commit(Batch batch) {
  if (!batch.durable()) {
    // All that it tells is committed: nothing is under way.
    Let(batch);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    TRAMA_CHECK(!busy_ && status_.ok());
    next_ = std::move(batch);
    busy_ = true;
  }
  changed_.notify_all();
}

void Committer::WaitIdle(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                    [&] { return !busy_ || !status_.ok(); });
}

void Committer::Run() {
  while (true) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || next_.has_value(); });
      if (!next_.has_value()) return;
      batch = *std::exchange(next_, std::nullopt);
    }
    const absl::Duration begun = clock_.Monotonic();
    std::vector<Span> spans = StartCommitSpans(batch.traces());
    const absl::Status sent = Send(batch);
    if (!sent.ok()) {
      for (Span& span : spans) span.Fail(absl::StatusCodeToString(sent.code()));
    }
    spans.clear();
    if (sent.ok()) {
      seconds_.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - begun));
      Let(batch);
      absl::SleepFor(options_.pause);
    } else {
      FailReplies(batch, metrics_);
    }
    {
      std::lock_guard lock(mutex_);
      busy_ = false;
      status_ = sent;
    }
    changed_.notify_all();
    options_.on_change();
    if (!sent.ok()) return;
  }
}

absl::Status Committer::Send(const Batch& batch) {
  if (absl::Status begun = producer_->Begin(); !begun.ok()) return begun;
  for (const Record& record : batch.records()) {
    if (absl::Status produced = producer_->Produce(record); !produced.ok()) return produced;
  }
  Record row{.topic = options_.changelog, .partition = options_.partition};
  for (const auto& [key, value] : batch.rows()) {
    row.key = key;
    row.value = value;
    if (absl::Status produced = producer_->Produce(row); !produced.ok()) return produced;
  }
  return producer_->Commit(options_.timeout);
}

void Committer::Let(Batch& batch) {
  for (Release& release : batch.releases()) {
    if (const Push* push = std::get_if<Push>(&release)) {
      options_.push(*push);
    } else {
      HeldReply& reply = std::get<HeldReply>(release);
      reply.on_reply(std::move(reply.status), std::move(reply.response));
    }
  }
}

void FailReplies(Batch& batch, EngineMetrics& metrics) {
  for (Release& release : batch.releases()) {
    HeldReply* reply = std::get_if<HeldReply>(&release);
    if (reply == nullptr) continue;
    metrics.refused.With({kRefusedLost}).Increment();
    reply->on_reply(OwnerLostError(), nullptr);
  }
}

}  // namespace trama::platform
