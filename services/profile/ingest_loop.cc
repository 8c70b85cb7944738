#include "services/profile/ingest_loop.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/errors.h"
#include "services/platform/base/background.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/dead_letter.h"
#include "services/platform/kafka/expired_records.h"
#include "services/platform/kafka/kafka_error.h"

namespace trama::profile {
namespace {

using platform::Record;
using platform::TopicPartition;
using platform::TopicPartitionOffset;

constexpr absl::Duration kPollWait = absl::Milliseconds(200);
constexpr absl::Duration kFetchWait = absl::Milliseconds(200);
constexpr absl::Duration kPollWaitWithGuests = absl::Milliseconds(20);
constexpr absl::Duration kRetryWait = absl::Milliseconds(500);
constexpr absl::Duration kStaleAfter = absl::Minutes(2);
constexpr absl::Duration kAskWait = absl::Seconds(5);
constexpr absl::Duration kProduceTimeout = absl::Seconds(10);

}  // namespace

IngestLoop::IngestLoop(IngestOptions options, const IngestParts& parts,
                       std::function<void(absl::Status)> fatal)
    : options_(std::move(options)),
      parts_(parts),
      fatal_(std::move(fatal)),
      heartbeat_(parts.health.AddHeartbeat("ingest", kStaleAfter)),
      ingesting_(parts.health.AddCondition("ingest")),
      inputs_(parts.metrics.Counter("trama_profile_inputs_total", "Records taken in.", {"topic"})),
      buried_(parts.metrics.Counter("trama_profile_dead_letters_total",
                                    "Records that could not be read or placed.", {"topic"})),
      gaps_(parts.metrics.Counter("trama_profile_gaps_total",
                                  "Times that records had expired before they were read.",
                                  {"topic"})),
      waiting_(parts.metrics.Gauge("trama_profile_waiting",
                                   "Records that wait for what they are about.")),
      parked_workspaces_(parts.metrics.Gauge(
          "trama_profile_parked_workspaces",
          "Workspaces of which nothing is taken in, because their secret cannot be read.")),
      lag_(parts.metrics.Gauge("trama_profile_lag_records",
                               "Records not read yet, of the partitions held here.", {"topic"})),
      batch_seconds_(parts.metrics.Histogram("trama_profile_batch_seconds",
                                             "From a batch read to its offsets committed.", {},
                                             platform::kLatencySecondsBuckets)) {}

InputKind IngestLoop::KindOf(const std::string& topic) const {
  if (topic == options_.topics.interactions) return InputKind::kInteraction;
  if (topic == options_.topics.deliveries) return InputKind::kDelivery;
  if (topic == options_.topics.conversations) return InputKind::kConversation;
  if (topic == options_.topics.sla) return InputKind::kSla;
  return InputKind::kOutbound;
}

bool IngestLoop::TellsOwners(const std::string& topic) const {
  const InputKind kind = KindOf(topic);
  return kind == InputKind::kInteraction || kind == InputKind::kOutbound;
}

absl::StatusOr<std::unique_ptr<IngestLoop>> IngestLoop::Start(
    IngestOptions options, const IngestParts& parts, std::function<void(absl::Status)> fatal) {
  std::unique_ptr<IngestLoop> loop(new IngestLoop(std::move(options), parts, std::move(fatal)));
  platform::GroupOptions group;
  group.group = loop->options_.group;
  group.instance_id = loop->options_.instance_id;
  group.topics = loop->options_.topics.Inputs();
  // Each batch is a question to Redis, a write and a commit, whatever its size.
  group.fetch_wait = kFetchWait;
  group.fetch_bytes_min = platform::kUnhurriedFetchBytes;
  IngestLoop* self = loop.get();
  group.callbacks.on_assigned = [self](std::vector<TopicPartitionOffset>& positions) {
    for (const TopicPartitionOffset& each : positions) {
      self->partitions_[{each.topic, each.partition}] = {};
    }
  };
  // Between two batches: what was handled is committed, what waits is read again by the next owner.
  group.callbacks.on_revoked = [self](const std::vector<TopicPartition>& gone) {
    self->Forget(gone);
  };
  auto consumer = platform::GroupConsumer::Create(loop->options_.kafka, std::move(group));
  if (!consumer.ok()) return consumer.status();
  loop->consumer_ = *std::move(consumer);
  loop->thread_ = std::thread([self] { self->Loop(); });
  return loop;
}

void IngestLoop::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_asked_.notify_all();
  }
  consumer_->Wake();
  thread_.join();
  consumer_->Close();
}

bool IngestLoop::WaitAndRetry(const absl::Status& why) {
  heartbeat_->Beat();
  if (!why.ok()) {
    ingesting_->Set(false, why.ToString());
    platform::Log(platform::LogLevel::kWarning, "not taken in", {{"why", why}});
  }
  std::unique_lock lock(mutex_);
  const absl::Duration wait = why.ok() ? absl::ZeroDuration() : kRetryWait;
  return !stop_asked_.wait_for(lock, absl::ToChronoMilliseconds(wait), [&] { return stopping_; });
}

bool IngestLoop::Insist(const std::function<absl::Status()>& work) {
  for (absl::Status done = work(); !done.ok(); done = work()) {
    if (!WaitAndRetry(done)) return false;
  }
  return true;
}

void IngestLoop::Loop() {
  platform::GoToBackground();  // Behind the calls that ask who a customer is.
  absl::Status last;
  while (WaitAndRetry(last)) {
    ReadParkedAgain();
    const absl::StatusOr<platform::RecordBatch> batch = Poll();
    last = batch.status();
    if (!batch.ok()) {
      if (platform::KindOf(last) == platform::KafkaErrorKind::kRetriable) continue;
      ingesting_->Set(false, last.ToString());
      fatal_(last);
      return;
    }
    const absl::Time began = absl::Now();
    const std::vector<Task> tasks = TasksOf(*batch);
    std::vector<Task> left;
    const bool taken_in = Insist([&] {
      absl::StatusOr<std::vector<Task>> rest = TakeIn(tasks);
      if (rest.ok()) left = *std::move(rest);
      return rest.status();
    });
    if (!taken_in) return;
    for (const Task& task : left) Leave(task, began);
    if (!Insist([&] { return SendDeadLetters(); })) return;
    ingesting_->Set(true);
    if (absl::Status committed = Commit(); !committed.ok()) {
      // The group has moved on, or the broker is away: what was done is done again, harmlessly.
      platform::Log(platform::LogLevel::kWarning, "offsets not committed", {{"why", committed}});
    }
    if (!batch->records.empty()) {
      batch_seconds_->Observe(absl::ToDoubleSeconds(absl::Now() - began));
    }
    TellWhoWaits();
    HoldBack();
    lag_.Measure(*consumer_, absl::Now(), *heartbeat_);
  }
}

absl::StatusOr<platform::RecordBatch> IngestLoop::Poll() {
  absl::StatusOr<platform::RecordBatch> batch =
      consumer_->Poll(room_.size() == 0 ? kPollWait : kPollWaitWithGuests, kBatchMax);
  if (!batch.ok() && absl::IsOutOfRange(batch.status())) {
    platform::SkipExpiredRecords(*consumer_, gaps_);
    return platform::RecordBatch();
  }
  if (!batch.ok()) return batch;
  // What was handed out before its partition was given back is the next owner's.
  std::erase_if(batch->records, [&](const Record& record) {
    return !partitions_.contains({record.topic, record.partition});
  });
  for (const Record& record : batch->records) {
    Partition& partition = partitions_[{record.topic, record.partition}];
    partition.next = record.offset + 1;
    partition.at_end = false;
  }
  for (const TopicPartitionOffset& end : batch->ends) {
    const auto held = partitions_.find({end.topic, end.partition});
    // An end may lie before records of the same batch.
    if (held != partitions_.end() && end.offset >= held->second.next) held->second.at_end = true;
  }
  return batch;
}

std::vector<IngestLoop::Task> IngestLoop::TasksOf(const platform::RecordBatch& batch) {
  std::vector<Task> tasks;
  for (auto& [origin, pending] : room_.Due(absl::Now(), kBatchMax)) {
    tasks.push_back({origin, *pending});
  }
  for (const Record& record : batch.records) {
    absl::StatusOr<Input> input = record.value.has_value()
                                      ? ReadInput(KindOf(record.topic), *record.value)
                                      : absl::InvalidArgumentError("the record has no value");
    const Origin origin{record.topic, record.partition, record.offset};
    if (parked_.WasDone(origin, input.ok() ? input->workspace : "")) continue;
    if (!input.ok()) {
      Bury(record, "", std::string(input.status().message()));
      continue;
    }
    auto pending = std::make_shared<Pending>(Pending{record, *std::move(input)});
    tasks.push_back({origin, std::move(pending)});
  }
  // Within what came together, messages are known before anybody asks for them.
  std::stable_partition(tasks.begin(), tasks.end(),
                        [](const Task& task) { return TellsOwner(task.pending->input); });
  return tasks;
}

absl::StatusOr<std::vector<IngestLoop::Task>> IngestLoop::TakeIn(const std::vector<Task>& tasks) {
  std::vector<Placement> placements;
  std::vector<const Task*> placed;
  std::vector<Task> left;
  if (absl::Status fine = Place(tasks, placements, placed, left); !fine.ok()) return fine;
  if (absl::Status written = Write(placements, placed); !written.ok()) return written;
  for (const Task* task : placed) {
    room_.Remove(task->origin);
    inputs_.With({task->origin.topic}).Increment();
  }
  return left;
}

absl::Status IngestLoop::SendDeadLetters() {
  if (dead_letters_.empty()) return absl::OkStatus();
  absl::Status sent = parts_.producer.ProduceAll(dead_letters_, kProduceTimeout);
  if (sent.ok()) dead_letters_.clear();
  return sent;
}

absl::Status IngestLoop::Place(const std::vector<Task>& tasks, std::vector<Placement>& placements,
                               std::vector<const Task*>& placed, std::vector<Task>& left) {
  if (tasks.empty()) return absl::OkStatus();
  if (parts_.config.Current()->revision() == 0) {
    return absl::UnavailableError("no configuration yet");
  }
  std::set<OwnedId> asked;
  for (const Task& task : tasks) {
    for (OwnedId& id : OwnersAsked(task.pending->input)) asked.insert(std::move(id));
  }
  absl::StatusOr<Owners> known = parts_.store.ReadOwners(asked);
  if (!known.ok()) return known.status();
  for (const Task& task : tasks) {
    const Input& input = task.pending->input;
    const absl::StatusOr<std::string> secret = parts_.secrets.Of(input.workspace);
    if (absl::IsInvalidArgument(secret.status())) {
      left.push_back(task);  // No such workspace, or not yet.
      continue;
    }
    if (!secret.ok() || parked_.Holds(task.origin, input.workspace)) {
      PassOver(task, secret.status());
      continue;
    }
    std::optional<Placement> placement = PlaceInput(input, *secret, *known);
    if (!placement.has_value()) {
      left.push_back(task);
      continue;
    }
    for (const auto& [id, owner] : placement->told) known->emplace(id, owner);
    placements.push_back(*std::move(placement));
    placed.push_back(&task);
  }
  return absl::OkStatus();
}

absl::Status IngestLoop::Write(const std::vector<Placement>& placements,
                               const std::vector<const Task*>& placed) {
  if (placed.empty()) return absl::OkStatus();
  std::set<RowKey> keys;
  Owners told;
  for (size_t i = 0; i < placed.size(); ++i) {
    for (RowKey& key : RowsOf(placed[i]->pending->input, placements[i])) {
      keys.insert(std::move(key));
    }
    for (const auto& [id, owner] : placements[i].told) told.emplace(id, owner);
  }
  const auto fold = [&](RowSet& rows) {
    for (size_t i = 0; i < placed.size(); ++i) {
      const std::string* trace = platform::FindHeader(placed[i]->pending->record, "traceparent");
      rows.Trace(trace == nullptr ? "" : *trace);
      Fold(placed[i]->pending->input, placements[i], rows);
    }
    return absl::OkStatus();
  };
  absl::Status written = parts_.writer.Write({keys.begin(), keys.end()}, fold, told);
  if (absl::IsUnavailable(written) && ErrorReason(written) == "RESTORING") {
    heartbeat_->Beat();
    parts_.restorer.WaitFilled(absl::Now() + kAskWait);
  }
  return written;
}

bool IngestLoop::MessagesAreRead() const {
  return std::all_of(partitions_.begin(), partitions_.end(), [this](const auto& held) {
    return !TellsOwners(held.first.topic) || held.second.at_end;
  });
}

void IngestLoop::Leave(const Task& task, absl::Time now) {
  room_.Add(task.origin, task.pending, now);
  if (now - *room_.Since(task.origin) < kWaitMax || !MessagesAreRead()) return;
  const Input& input = task.pending->input;
  const bool exists = parts_.config.Current()->FindWorkspace(input.workspace) != nullptr;
  Bury(task.pending->record, input.workspace,
       exists ? "what it is about has never been read: the interaction that opened its "
                "conversation, or its message"
              : absl::StrCat("workspace \"", input.workspace, "\" does not exist"));
  room_.Remove(task.origin);
}

void IngestLoop::Bury(const Record& record, const std::string& workspace, std::string reason) {
  platform::Log(platform::LogLevel::kError, "dead letter",
                {{"place", platform::Place(record)}, {"why", reason}});
  buried_.With({record.topic}).Increment();
  platform::DeadLetterReason why;
  why.service = "profile";
  why.reason = std::move(reason);
  why.failed_at = absl::Now();
  why.workspace = workspace;
  dead_letters_.push_back(platform::DeadLetterOf(record, why));
  dead_letters_.back().topic = options_.topics.dead_letters;
}

}  // namespace trama::profile
