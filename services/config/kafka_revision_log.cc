#include "services/config/kafka_revision_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/machine.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"
#include "services/platform/base/trace.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/consumer.h"

namespace trama::config {
namespace {

using platform::LogLevel;
using platform::Record;

constexpr char kSource[] = "/trama/config";
constexpr int32_t kPartition = 0;
constexpr absl::Duration kRetryDelay = absl::Seconds(1);
constexpr absl::Duration kHistoryPoll = absl::Seconds(1);
constexpr size_t kHistoryBatchMax = 500;

absl::Status Unavailable(const char* what, const absl::Status& why) {
  return RetryAfter(
      absl::UnavailableError(absl::StrCat(what, ": ", why.message(), "; repeat the call")),
      kRetryDelay);
}

absl::StatusOr<Record> ToRecord(const RevisionRecord& revision_record, const std::string& topic,
                                absl::Time at) {
  OutRecord out;
  out.topic = topic;
  out.key = revision_record.key;
  out.type = revision_record.type;
  out.id = revision_record.id;
  out.subject = revision_record.key;
  out.time = at;
  out.value = revision_record.value.value_or("");
  absl::StatusOr<Record> record = platform::EventRecord(out, kPartition, kSource);
  if (record.ok() && !revision_record.value.has_value()) record->value.reset();
  return record;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaRevisionLog>> KafkaRevisionLog::Start(
    KafkaRevisionLogOptions options, const platform::Clock& clock, platform::Health& health,
    ConfigMetrics& metrics, std::function<void(const absl::Status&)> on_fatal) {
  std::unique_ptr<KafkaRevisionLog> log(
      new KafkaRevisionLog(std::move(options), clock, health, metrics));
  if (absl::Status status = log->StartReading(std::move(on_fatal)); !status.ok()) return status;
  return log;
}

absl::Status KafkaRevisionLog::StartReading(std::function<void(const absl::Status&)> on_fatal) {
  ready_->Set(false, "the configuration was not read yet");
  platform::TopicFollowerOptions options;
  options.kafka = options_.kafka;
  options.topic = options_.config_topic;
  options.on_record = [this](const Record& record) { return Take(record); };
  options.on_caught_up = [this] { ready_->Set(true); };
  options.on_failed = [this, on_fatal = std::move(on_fatal)](const absl::Status& why) {
    ready_->Set(false, "the configuration cannot be read");
    on_fatal(why);
  };
  auto follower = platform::TopicFollower::Start(std::move(options));
  if (!follower.ok()) return follower.status();
  follower_ = *std::move(follower);
  return absl::OkStatus();
}

absl::Status KafkaRevisionLog::Take(const Record& record) {
  std::lock_guard lock(mutex_);
  const absl::Status taken = reader_.Take(record.key, record.value);
  if (!taken.ok()) {
    return absl::Status(taken.code(), absl::StrCat(platform::Place(record), ": ", taken.message()));
  }
  metrics_.revision.Set(static_cast<double>(reader_.current()->revision()));
  metrics_.resources.Set(static_cast<double>(reader_.current()->resources().size()));
  return absl::OkStatus();
}

std::shared_ptr<const ConfigStore> KafkaRevisionLog::Current() const {
  std::lock_guard lock(mutex_);
  return reader_.current();
}

absl::Duration KafkaRevisionLog::Left(absl::Time deadline) const {
  return std::max(deadline - clock_.Now(), absl::ZeroDuration());
}

absl::StatusOr<RevisionLog::Owned> KafkaRevisionLog::Own(absl::Time deadline) {
  if (absl::Status status = ReadToEnd(deadline); !status.ok()) return status;
  // Somebody else has written: we are fenced, though no commit of ours has told us yet.
  if (Current()->revision() != known_revision_) producer_.reset();
  if (producer_ == nullptr) {
    if (absl::Status status = TakeOver(deadline); !status.ok()) {
      producer_.reset();
      return Unavailable("the topic of the configuration cannot be owned now", status);
    }
    // Only what is read after the takeover is complete.
    if (absl::Status status = ReadToEnd(deadline); !status.ok()) return status;
    known_revision_ = Current()->revision();
  }
  commands_.Expire(clock_.Now());
  return Owned{Current(), &commands_};
}

absl::Status KafkaRevisionLog::ReadToEnd(absl::Time deadline) {
  const absl::Status read = follower_->WaitFresh(Left(deadline));
  return read.ok() ? read : Unavailable("the configuration cannot be read now", read);
}

absl::Status KafkaRevisionLog::TakeOver(absl::Time deadline) {
  auto producer = platform::TransactionalProducer::Create(
      options_.kafka, {.transactional_id = options_.transactional_id});
  if (!producer.ok()) return producer.status();
  producer_ = *std::move(producer);
  if (absl::Status status = producer_->Init(Left(deadline)); !status.ok()) return status;
  if (absl::Status status = producer_->PrefetchMetadata(
          {options_.config_topic, options_.history_topic}, Left(deadline));
      !status.ok()) {
    return status;
  }
  if (absl::Status status = ReadCommands(deadline); !status.ok()) return status;
  metrics_.takeovers.Increment();
  platform::Log(LogLevel::kInfo, "took over the topic", {{"commands", commands_.size()}});
  return absl::OkStatus();
}

absl::Status KafkaRevisionLog::ReadCommands(absl::Time deadline) {
  commands_ = CommandAnswers();
  auto created = platform::Consumer::Create(options_.kafka);
  if (!created.ok()) return created.status();
  platform::Consumer& consumer = **created;
  const platform::TopicPartition partition{options_.history_topic, kPartition};
  const auto positions =
      consumer.OffsetsForTimes({{partition, clock_.Now() - kCommandsKept}}, Left(deadline));
  if (!positions.ok()) return positions.status();
  if (absl::Status status = consumer.Assign(*positions); !status.ok()) return status;
  return consumer.ReadToEnd(deadline, [this](const Record& record) {
    return record.value.has_value() ? commands_.Take(record.key, *record.value) : absl::OkStatus();
  });
}

absl::Status KafkaRevisionLog::ReadHistory(absl::Time deadline, const ChooseSpan& choose,
                                           const TakeRecord& take) const {
  auto created = platform::Consumer::Create(options_.kafka);
  if (!created.ok()) return created.status();
  platform::Consumer& consumer = **created;
  const platform::TopicPartition partition{options_.history_topic, kPartition};
  const auto marks = consumer.QueryWatermarks(partition, Left(deadline));
  if (!marks.ok()) return Unavailable("the history cannot be read now", marks.status());
  const HistorySpan span = choose({marks->low, marks->high});
  if (span.begin >= span.end) return absl::OkStatus();
  const absl::Status assigned =
      consumer.Assign({{partition.topic, partition.partition, span.begin}});
  if (!assigned.ok()) return Unavailable("the history cannot be read now", assigned);
  while (consumer.Position(partition) < span.end) {
    if (Left(deadline) <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError("the history took too long to read; allow more time");
    }
    const auto batch = consumer.Poll(std::min(Left(deadline), kHistoryPoll), kHistoryBatchMax);
    if (!batch.ok()) return Unavailable("the history cannot be read now", batch.status());
    for (const Record& record : batch->records) {
      if (record.offset >= span.end) return absl::OkStatus();
      const absl::StatusOr<bool> more =
          take({record.offset, record.key, record.value.value_or("")});
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status KafkaRevisionLog::Append(const Revision& revision, absl::Time deadline) {
  if (producer_ == nullptr) return absl::FailedPreconditionError("this replica is not the owner");
  if (absl::Status status = Write(revision, deadline); !status.ok()) {
    // Fenced, aborted or in doubt: the next owner's Init settles which.
    producer_.reset();
    return status;
  }
  commands_.Remember(revision.command, revision.at,
                     {revision.plan.revision, revision.plan.changes});
  known_revision_ = revision.plan.revision;
  // It stands, whatever becomes of the reading.
  if (absl::Status status = ReadToEnd(deadline); !status.ok()) {
    platform::Log(LogLevel::kWarning, "own revision was not read back in time",
                  {{"error", status}});
  }
  return absl::OkStatus();
}

absl::Status KafkaRevisionLog::Write(const Revision& revision, absl::Time deadline) {
  if (absl::Status status = producer_->Begin(); !status.ok()) return status;
  const std::pair<const std::string*, std::vector<RevisionRecord>> topics[] = {
      {&options_.config_topic, ConfigRecords(revision)},
      {&options_.history_topic, HistoryRecords(revision)}};
  for (const auto& [topic, records] : topics) {
    for (const RevisionRecord& revision_record : records) {
      absl::StatusOr<Record> record = ToRecord(revision_record, *topic, revision.at);
      if (!record.ok()) return record.status();
      if (absl::Status status = producer_->Produce(*record); !status.ok()) return status;
    }
  }
  return producer_->Commit(Left(deadline));
}

}  // namespace trama::config
