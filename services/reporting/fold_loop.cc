#include "services/reporting/fold_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/base/background.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/expired_records.h"
#include "services/reporting/agent_time.h"
#include "services/reporting/closed_intervals.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

namespace trama::reporting {
namespace {

using platform::Record;

constexpr size_t kBatchMax = 512;
constexpr absl::Duration kPollWait = absl::Milliseconds(200);
constexpr absl::Duration kFetchWait = absl::Milliseconds(100);
constexpr absl::Duration kRetryWait = absl::Milliseconds(500);
constexpr absl::Duration kStaleAfter = absl::Seconds(30);
constexpr absl::Duration kSeekTimeout = absl::Seconds(10);
constexpr absl::Duration kProduceTimeout = absl::Seconds(10);
constexpr absl::Duration kCheckEvery = absl::Seconds(1);
constexpr size_t kPublishMax = 256;  // Buckets of one partition at once.

// The event in `record`, or why nobody can count it.
template <typename Event>
absl::StatusOr<Event> Read(const Record& record) {
  if (!record.value.has_value()) return absl::InvalidArgumentError("the record has no value");
  Event event;
  if (!event.ParseFromString(*record.value)) {
    return absl::InvalidArgumentError(absl::StrCat("the value is not a ", event.GetTypeName()));
  }
  if (event.workspace().empty()) return absl::InvalidArgumentError("the event has no workspace");
  return event;
}

}  // namespace

FoldLoop::FoldLoop(FoldLoopOptions options, KpiStore& store, platform::ConfigSource& config,
                   platform::Producer& producer, platform::Health& health,
                   platform::Metrics& metrics)
    : options_(std::move(options)),
      store_(store),
      config_(config),
      producer_(producer),
      heartbeat_(health.AddHeartbeat("fold loop", kStaleAfter)),
      counting_(health.AddCondition("counting")),
      records_(metrics.Counter("trama_reporting_records_total", "Records counted.", {"topic"})),
      buried_(metrics.Counter("trama_reporting_dead_letters_total",
                              "Records that could not be read.", {"topic"})),
      gaps_(metrics.Counter("trama_reporting_gaps_total",
                            "Times that records had expired before they were read.", {"topic"})),
      batch_seconds_(metrics.Histogram("trama_reporting_batch_seconds",
                                       "From a batch read to its position moved.", {},
                                       platform::kLatencySecondsBuckets)),
      lag_(metrics.Gauge("trama_reporting_lag_records",
                         "Records not read yet, of the partitions held here.", {"topic"})),
      dead_letters_(options_.dead_letters) {}

absl::StatusOr<std::unique_ptr<FoldLoop>> FoldLoop::Start(FoldLoopOptions options, KpiStore& store,
                                                          platform::ConfigSource& config,
                                                          platform::Producer& producer,
                                                          platform::Health& health,
                                                          platform::Metrics& metrics,
                                                          std::function<void(absl::Status)> fatal) {
  std::unique_ptr<FoldLoop> loop(
      new FoldLoop(std::move(options), store, config, producer, health, metrics));
  loop->fatal_ = std::move(fatal);
  platform::GroupOptions group;
  group.group = loop->options_.group;
  group.instance_id = loop->options_.instance_id;
  group.topics = {loop->options_.conversations, loop->options_.agents, loop->options_.sla};
  // Figures may be a tenth of a second old, and each batch is a transaction of the store.
  group.fetch_wait = kFetchWait;
  group.fetch_bytes_min = platform::kUnhurriedFetchBytes;
  FoldLoop* self = loop.get();
  group.callbacks.on_assigned = [self](std::vector<platform::TopicPartitionOffset>& positions) {
    // An error leaves the group's own offsets, which the store refuses and Count then repairs.
    if (const absl::Status read = self->Assigned(positions); !read.ok()) {
      platform::Log(platform::LogLevel::kWarning, "positions not read", {{"why", read}});
    }
  };
  group.callbacks.on_revoked = [self](const std::vector<platform::TopicPartition>& gone) {
    for (const platform::TopicPartition& one : gone) {
      self->positions_.erase({one.topic, one.partition});
      self->agents_.erase({one.topic, one.partition});
    }
  };
  auto consumer = platform::GroupConsumer::Create(loop->options_.kafka, std::move(group));
  if (!consumer.ok()) return consumer.status();
  loop->consumer_ = *std::move(consumer);
  loop->thread_ = std::thread([self] { self->Loop(); });
  return loop;
}

void FoldLoop::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  consumer_->Wake();
  thread_.join();
  consumer_->Close();
}

absl::Status FoldLoop::Assigned(std::vector<platform::TopicPartitionOffset>& positions) {
  for (platform::TopicPartitionOffset& position : positions) {
    const absl::StatusOr<int64_t> stored = store_.Position(position.partition, position.topic);
    if (!stored.ok()) return stored.status();
    positions_[{position.topic, position.partition}] = *stored;
    dead_letters_.Passed({position.topic, position.partition}, *stored);
    agents_.erase({position.topic, position.partition});
    position.offset = *stored == 0 ? platform::kOffsetBeginning : *stored;
  }
  return absl::OkStatus();
}

void FoldLoop::Loop() {
  platform::GoToBackground();  // Behind the calls that ask for figures.
  while (!stopping_) {
    heartbeat_->Beat();
    counting_->Set(true);
    absl::StatusOr<platform::RecordBatch> batch = consumer_->Poll(kPollWait, kBatchMax);
    if (!batch.ok() && absl::IsOutOfRange(batch.status())) {
      platform::SkipExpiredRecords(*consumer_, gaps_);
      continue;
    }
    if (!batch.ok()) {
      fatal_(batch.status());
      return;
    }
    const absl::Time began = absl::Now();
    // Thresholds come from the configuration: what is counted without it would be counted wrong.
    while (!batch->records.empty() && !stopping_ && config_.Current()->revision() == 0) {
      heartbeat_->Beat();
      (void)config_.Wait(1, kRetryWait);
    }
    absl::Status counted = Count(batch->records);
    while (!counted.ok() && !stopping_) {
      heartbeat_->Beat();
      counting_->Set(false, counted.ToString());
      platform::Log(platform::LogLevel::kWarning, "not counted", {{"why", counted}});
      (void)config_.Wait(INT64_MAX, kRetryWait);  // Only to wait.
      counted = Count(batch->records);
    }
    // For lag monitors only: where to go on is read from Redis.
    if (!batch->records.empty() && !stopping_) {
      (void)consumer_->Commit();
      batch_seconds_->Observe(absl::ToDoubleSeconds(absl::Now() - began));
    }
    if (const absl::Status published = PublishClosed(); !published.ok()) {
      platform::Log(platform::LogLevel::kWarning, "reports not published", {{"why", published}});
    }
    if (const absl::Status checked = CheckPositions(); !checked.ok()) {
      platform::Log(platform::LogLevel::kWarning, "positions not checked", {{"why", checked}});
    }
    lag_.Measure(*consumer_, absl::Now(), *heartbeat_);
  }
}

absl::Status FoldLoop::Count(const std::vector<Record>& records) {
  if (const platform::ConfigPtr current = config_.Current(); current != revision_) {
    revision_ = current;
    levels_ = ServiceLevels(*current->snapshot());
  }
  std::map<Run, std::vector<const Record*>> runs;
  for (const Record& record : records) runs[{record.topic, record.partition}].push_back(&record);
  for (const auto& [run, of_run] : runs) {
    const absl::Status counted = CountRun(run, of_run);
    if (counted.code() == absl::StatusCode::kFailedPrecondition) {
      if (const absl::Status sought = Reposition(run); !sought.ok()) return sought;
    } else if (!counted.ok()) {
      return counted;
    }
  }
  return absl::OkStatus();
}

absl::Status FoldLoop::CountRun(const Run& run, const std::vector<const Record*>& records) {
  const auto position = positions_.find(run);
  if (position == positions_.end()) return absl::FailedPreconditionError("position not known");
  Folded folded;
  AgentsOfRun agents = agents_[run];
  int64_t next = position->second;
  for (const Record* record : records) {
    if (record->offset < next) continue;  // Counted already: this is a repeat of the batch.
    if (absl::Status done = FoldRecord(*record, agents, folded); !done.ok()) return done;
    next = record->offset + 1;
  }
  if (next == position->second) return absl::OkStatus();
  if (absl::Status sent = SendDeadLetters(); !sent.ok()) return sent;
  const absl::Status added = store_.Add(run.second, run.first, position->second, next, folded);
  if (!added.ok()) return added;
  position->second = next;
  agents_[run] = std::move(agents);
  records_.With({run.first}).Increment(static_cast<double>(records.size()));
  return absl::OkStatus();
}

absl::Status FoldLoop::Reposition(const Run& run) {
  const absl::StatusOr<int64_t> stored = store_.Position(run.second, run.first);
  if (!stored.ok()) return stored.status();
  positions_[run] = *stored;
  agents_.erase(run);
  platform::Log(platform::LogLevel::kInfo, "position read anew",
                {{"topic", run.first}, {"partition", run.second}, {"next_offset", *stored}});
  const int64_t from = *stored == 0 ? platform::kOffsetBeginning : *stored;
  return consumer_->Seek({run.first, run.second, from}, kSeekTimeout);
}

// A Redis that was emptied is counted again even when no new record would show that.
absl::Status FoldLoop::CheckPositions() {
  const absl::Time now = absl::Now();
  if (now < next_check_) return absl::OkStatus();
  next_check_ = now + kCheckEvery;
  for (const auto& [run, position] : positions_) {
    const absl::StatusOr<int64_t> stored = store_.Position(run.second, run.first);
    if (!stored.ok()) return stored.status();
    if (*stored == position) continue;
    if (const absl::Status sought = Reposition(run); !sought.ok()) return sought;
  }
  return absl::OkStatus();
}

absl::Status FoldLoop::FoldRecord(const Record& record, AgentsOfRun& agents, Folded& folded) {
  if (record.topic == options_.conversations) {
    const auto event = Read<conversation::v1::ConversationEvent>(record);
    if (event.ok()) {
      Fold(*event, levels_, folded);
    } else {
      Bury(record, event.status());
    }
  } else if (record.topic == options_.agents) {
    const auto event = Read<agent::v1::AgentEvent>(record);
    if (event.ok()) return FoldAgent(record.partition, *event, agents, folded);
    Bury(record, event.status());
  } else {
    const auto event = Read<sla::v1::SlaEvent>(record);
    if (event.ok()) {
      Fold(*event, folded);
    } else {
      Bury(record, event.status());
    }
  }
  return absl::OkStatus();
}

absl::Status FoldLoop::FoldAgent(int32_t partition, const agent::v1::AgentEvent& event,
                                 AgentsOfRun& agents, Folded& folded) {
  auto known = agents.find(event.workspace());
  if (known == agents.end()) {
    absl::StatusOr<AgentStates> states = store_.Agents(partition, event.workspace());
    if (!states.ok()) return states.status();
    known = agents.emplace(event.workspace(), *std::move(states)).first;
  }
  Fold(event, known->second, folded);
  return absl::OkStatus();
}

void FoldLoop::Bury(const Record& record, const absl::Status& why) {
  if (!dead_letters_.Add(record, std::string(why.message()), absl::Now())) return;
  buried_.With({record.topic}).Increment();
  platform::Log(platform::LogLevel::kError, "dead letter",
                {{"place", Place(record)}, {"why", why}});
}

absl::Status FoldLoop::SendDeadLetters() {
  if (dead_letters_.waiting().empty()) return absl::OkStatus();
  absl::Status sent = producer_.ProduceAll(dead_letters_.waiting(), kProduceTimeout);
  if (sent.ok()) dead_letters_.Written();
  return sent;
}

absl::Status FoldLoop::PublishClosed() {
  const absl::Time now = absl::Now();
  if (now < next_publish_) return absl::OkStatus();
  next_publish_ = now + options_.publish_every;
  for (const auto& [run, position] : positions_) {
    if (run.first != options_.conversations) continue;
    const absl::StatusOr<std::vector<KpiStore::Dirty>> dirty =
        store_.ListDirty(run.second, kPublishMax);
    if (!dirty.ok()) return dirty.status();
    for (const KpiStore::Dirty& one : *dirty) {
      const Range bucket = BucketRange(one.bucket);
      if (bucket.to + kGrace > now) continue;
      const absl::StatusOr<CountersByGroup> counted =
          store_.Read(run.second, one.workspace, bucket);
      if (!counted.ok()) return counted.status();
      absl::StatusOr<std::vector<Record>> records =
          ClosedIntervalRecords(one.workspace, bucket, *counted, levels_);
      if (!records.ok()) return records.status();
      for (Record& record : *records) record.topic = options_.reports;
      const absl::Status written = producer_.ProduceAll(*records, kProduceTimeout);
      if (!written.ok()) return written;
      const absl::Status marked = store_.MarkPublished(run.second, one);
      if (!marked.ok()) return marked;
    }
  }
  return absl::OkStatus();
}

}  // namespace trama::reporting
