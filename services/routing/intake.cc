#include "services/routing/intake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/kafka_error.h"

namespace trama::routing {
namespace {

using platform::Record;

constexpr size_t kBatchMax = 256;
constexpr absl::Duration kPollWait = absl::Milliseconds(200);
// The broker lets interactions gather for so long: a fetch, a question to profile and a write cost
// the same for one as for ten. At 500 messages a second it saves a tenth of the CPU time of all
// processes, and p99 from message to offer falls from 60 to 99 ms to 43 to 73 (two cores,
// measured).
constexpr absl::Duration kFetchWait = absl::Milliseconds(8);
constexpr absl::Duration kRetryWait = absl::Milliseconds(500);
constexpr absl::Duration kConfigMax = absl::Seconds(2);
constexpr absl::Duration kStaleAfter = absl::Seconds(60);
// What a position that was not committed costs is repeats after a restart, which the engine drops;
// one commit for each batch would cost the broker as much as the batch does.
constexpr absl::Duration kCommitEvery = absl::Milliseconds(250);
// How often a waiting write looks whether it still makes sense.
constexpr absl::Duration kWriteLook = absl::Milliseconds(200);
// A write that takes longer is told to whoever asks for readiness.
constexpr absl::Duration kWriteSlow = absl::Seconds(5);

// The outcome of one write, shared with the producer's thread.
struct Written {
  std::mutex mutex;
  std::condition_variable settled;
  std::optional<absl::Status> outcome;

  void Settle(absl::Status status) {
    const std::lock_guard lock(mutex);
    outcome = std::move(status);
    settled.notify_all();
  }
  // None when it takes longer than that.
  std::optional<absl::Status> WaitFor(absl::Duration time) {
    std::unique_lock lock(mutex);
    settled.wait_for(lock, absl::ToChronoMilliseconds(time),
                     [this] { return outcome.has_value(); });
    return outcome;
  }
};

}  // namespace

Intake::Intake(IntakeOptions options, IntakeParts parts, std::function<void(absl::Status)> fatal)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      fatal_(std::move(fatal)),
      resolver_(parts_.profile, parts_.clock, parts_.metrics),
      heartbeat_(parts_.health.AddHeartbeat("intake", kStaleAfter)),
      taking_in_(parts_.health.AddCondition("intake")),
      taken_(parts_.metrics.Counter("trama_routing_intake_total",
                                    "Interactions that became work, or dead letters.",
                                    {"outcome"})),
      pending_(parts_.metrics.Counter(
          "trama_routing_facts_pending_total",
          "Interactions that were taken in without an answer of profile.")) {}

absl::StatusOr<std::unique_ptr<Intake>> Intake::Start(IntakeOptions options, IntakeParts parts,
                                                      std::function<void(absl::Status)> fatal) {
  std::unique_ptr<Intake> intake(
      new Intake(std::move(options), std::move(parts), std::move(fatal)));
  if (absl::Status connected = intake->Connect(); !connected.ok()) return connected;
  intake->thread_ = std::thread([self = intake.get()] {
    if (absl::Status ended = self->Run(); !ended.ok()) {
      self->taking_in_->Set(false, ToStd(ended.message()));
      self->fatal_(ended);
    }
  });
  return intake;
}

absl::Status Intake::Connect() {
  platform::ProducerOptions producing;
  producing.gapless = true;
  auto producer = platform::Producer::Create(options_.kafka, std::move(producing));
  if (!producer.ok()) return producer.status();
  producer_ = *std::move(producer);
  platform::GroupOptions group;
  group.group = options_.group;
  group.instance_id = options_.instance_id;
  group.topics = {options_.topics.interactions};
  group.fetch_wait = kFetchWait;
  group.fetch_bytes_min = platform::kUnhurriedFetchBytes;
  auto consumer = platform::GroupConsumer::Create(options_.kafka, std::move(group));
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);
  return absl::OkStatus();
}

void Intake::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  consumer_->Wake();
  thread_.join();
  consumer_->Close();
}

bool Intake::Wait(const absl::Status& why) {
  heartbeat_->Beat();
  if (!why.ok()) {
    taking_in_->Set(false, ToStd(why.message()));
    platform::Log(platform::LogLevel::kWarning, "interactions wait", {{"why", why}});
  }
  std::unique_lock lock(mutex_);
  const absl::Duration wait = why.ok() ? absl::ZeroDuration() : kRetryWait;
  return !changed_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return stopping_; });
}

absl::Status Intake::Run() {
  absl::Status last;
  while (Wait(last)) {
    absl::StatusOr<platform::RecordBatch> batch = consumer_->Poll(kPollWait, kBatchMax);
    last = batch.status();
    if (!last.ok()) {
      if (platform::KindOf(last) == platform::KafkaErrorKind::kRetriable) continue;
      return last;
    }
    taking_in_->Set(true);
    // Not committed: whoever comes next reads these again.
    if (absl::Status taken = TakeIn(batch->records); !taken.ok()) {
      return absl::IsCancelled(taken) ? absl::OkStatus() : taken;
    }
    if (parts_.clock.Monotonic() - committed_at_ >= kCommitEvery) Commit();
  }
  Commit();
  return absl::OkStatus();
}

void Intake::Commit() {
  committed_at_ = parts_.clock.Monotonic();
  // The group may have moved on and read them again.
  if (const absl::Status committed = consumer_->Commit(); !committed.ok()) {
    platform::Log(platform::LogLevel::kInfo, "intake not committed", {{"why", committed}});
  }
}

platform::ConfigPtr Intake::ConfigFor(const std::vector<Record>& records) {
  platform::ConfigPtr present = parts_.config.Current();
  const bool knows_all = std::all_of(records.begin(), records.end(), [&](const Record& record) {
    // The key begins with the workspace; whose does not gets the newest configuration, too.
    const std::string workspace = record.key.substr(0, record.key.find('/'));
    return present->PartitionOf(workspace).ok() && parts_.secrets.Of(workspace).ok();
  });
  if (knows_all) return present;
  absl::StatusOr<platform::ConfigPtr> fresh = parts_.config.Fresh(kConfigMax);
  // With an older one the first messages of a new workspace, or of a new secret, would be dead
  // letters.
  while (!fresh.ok()) {
    if (!Wait(fresh.status())) return nullptr;
    fresh = parts_.config.Fresh(kConfigMax);
  }
  return *std::move(fresh);
}

absl::Status Intake::TakeIn(const std::vector<Record>& records) {
  if (records.empty()) return absl::OkStatus();
  const platform::ConfigPtr config = ConfigFor(records);
  if (config == nullptr) return absl::CancelledError("told to stop");
  IntakeBatch batch(records, *config, options_.channels,
                    [this](const std::string& workspace) { return parts_.secrets.Of(workspace); });
  for (const std::string& complaint : batch.Complaints()) {
    platform::Log(platform::LogLevel::kWarning, "interaction dead-lettered", {{"why", complaint}});
  }
  const auto answers = resolver_.Ask(batch.Questions());
  for (size_t i = 0; i < answers.size(); ++i) batch.TakeAnswer(i, answers[i]);
  const absl::StatusOr<std::vector<Record>> out = batch.Records(options_.topics, absl::Now());
  if (!out.ok()) return out.status();
  if (absl::Status written = Write(*out); !written.ok()) return written;
  taken_.With({"work"}).Increment(static_cast<double>(batch.work_count()));
  taken_.With({"dead_letter"}).Increment(static_cast<double>(batch.dead_letter_count()));
  pending_->Increment(static_cast<double>(batch.pending_count()));
  return absl::OkStatus();
}

absl::Status Intake::Write(const std::vector<Record>& records) {
  const auto written = std::make_shared<Written>();
  producer_->ProduceAll(records, [written](absl::Status status) { written->Settle(status); });
  const absl::Time slow_at = absl::Now() + kWriteSlow;
  std::optional<absl::Status> outcome = written->WaitFor(kWriteLook);
  for (; !outcome; outcome = written->WaitFor(kWriteLook)) {
    heartbeat_->Beat();
    if (absl::Now() > slow_at) taking_in_->Set(false, "work is not written in time");
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::CancelledError("told to stop");
  }
  return *std::move(outcome);
}

}  // namespace trama::routing
