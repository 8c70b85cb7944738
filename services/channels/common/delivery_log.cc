#include "services/channels/common/delivery_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/common/proto_time.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::channels {

namespace {

constexpr absl::Duration kInitTimeout = absl::Seconds(30);
constexpr absl::Duration kQueryTimeout = absl::Seconds(10);
constexpr absl::Duration kCommitTimeout = absl::Seconds(10);
// Longer than a transaction of another channel can stay open (its time-out is 10 s).
constexpr absl::Duration kReadPastTimeout = absl::Seconds(60);
constexpr absl::Duration kPollSlice = absl::Milliseconds(500);
constexpr size_t kReadMax = 500;

platform::TopicPartitionOffset At(const platform::TopicPartition& partition, int64_t offset) {
  return {partition.topic, partition.partition, offset};
}

}  // namespace

DeliveryLog::DeliveryLog(const platform::KafkaConfig& kafka, const DeliveryLoopOptions& options,
                         const platform::Clock& clock, int32_t number)
    : kafka_(kafka),
      options_(options),
      clock_(clock),
      number_(number),
      outbound_{options.outbound_topic, number},
      deliveries_{options.deliveries_topic, number} {}

absl::Status DeliveryLog::TakeOver(
    const std::function<void(const delivery::v1::Delivery&)>& on_past) {
  platform::TransactionalOptions transactional;
  transactional.transactional_id = absl::StrCat(options_.group, "-", number_);
  auto producer = platform::TransactionalProducer::Create(kafka_, std::move(transactional));
  if (!producer.ok()) return producer.status();
  producer_ = *std::move(producer);
  // Before anything is read: from here on the former owner can add nothing to what we read.
  if (absl::Status init = producer_->Init(kInitTimeout); !init.ok()) return init;
  if (absl::Status ready = producer_->PrefetchMetadata(
          {options_.deliveries_topic, options_.dead_letter_topic}, kQueryTimeout);
      !ready.ok()) {
    return ready;
  }
  platform::ConsumerOptions consuming;
  consuming.group = options_.group;
  auto consumer = platform::Consumer::Create(kafka_, std::move(consuming));
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);

  if (absl::Status found = FindStart(); !found.ok()) return found;
  if (absl::Status read = ReadPast(on_past); !read.ok()) return read;
  return consumer_->Assign({At(outbound_, start_), At(deliveries_, deliveries_start_)});
}

absl::Status DeliveryLog::FindStart() {
  auto committed = consumer_->Committed({outbound_}, kQueryTimeout);
  if (!committed.ok()) return committed.status();
  auto ends = consumer_->QueryWatermarks(outbound_, kQueryTimeout);
  if (!ends.ok()) return ends.status();
  outbound_end_ = ends->high;
  start_ = committed->front().offset;
  if (start_ == platform::kOffsetUnknown) {
    start_ = ends->low;
  } else if (start_ < ends->low || start_ > ends->high) {
    // Messages were deleted by age before they were delivered, or the topic was made anew.
    platform::Log(platform::LogLevel::kError, "position of delivery no longer exists",
                  {{"topic", outbound_.topic},
                   {"partition", number_},
                   {"position", start_},
                   {"low", ends->low},
                   {"high", ends->high}});
    start_ = ends->low;
  }
  return absl::OkStatus();
}

absl::Status DeliveryLog::ReadPast(
    const std::function<void(const delivery::v1::Delivery&)>& on_past) {
  // Records of ours may stand behind an open transaction of another channel: they are waited for.
  const auto ends = consumer_->QueryWatermarks(deliveries_, kQueryTimeout);
  if (!ends.ok()) return ends.status();
  const int64_t end = ends->high;
  deliveries_start_ = end;
  if (start_ >= outbound_end_) return absl::OkStatus();  // No message, no past.

  // The oldest unfinished message: what concerns it and all later ones was written after it.
  if (absl::Status assigned = consumer_->Assign({At(outbound_, start_)}); !assigned.ok()) {
    return assigned;
  }
  const absl::Duration deadline = clock_.Monotonic() + kReadPastTimeout;
  absl::Time since = absl::InfiniteFuture();
  while (since == absl::InfiniteFuture() && consumer_->Position(outbound_) < outbound_end_) {
    auto batch = consumer_->Poll(kPollSlice, 1);
    if (!batch.ok()) return batch.status();
    if (!batch->records.empty()) since = batch->records.front().timestamp;
    if (clock_.Monotonic() > deadline)
      return absl::DeadlineExceededError("reading the first message");
  }
  if (since == absl::InfiniteFuture()) return absl::OkStatus();
  auto begin =
      consumer_->OffsetsForTimes({{deliveries_, since - options_.clock_skew_max}}, kQueryTimeout);
  if (!begin.ok()) return begin.status();
  if (begin->front().offset < 0 || begin->front().offset >= end) return absl::OkStatus();

  if (absl::Status assigned = consumer_->Assign({begin->front()}); !assigned.ok()) return assigned;
  while (consumer_->Position(deliveries_) < end) {
    auto batch = consumer_->Poll(kPollSlice, kReadMax);
    if (!batch.ok()) return batch.status();
    for (const platform::Record& record : batch->records) {
      delivery::v1::Delivery delivery;
      if (record.value.has_value() && delivery.ParseFromString(*record.value)) on_past(delivery);
    }
    if (clock_.Monotonic() > deadline) {
      return absl::DeadlineExceededError(
          "reading past deliveries: does a transaction of another service stay open?");
    }
  }
  deliveries_start_ = consumer_->Position(deliveries_);
  return absl::OkStatus();
}

absl::StatusOr<platform::RecordBatch> DeliveryLog::Poll(absl::Duration timeout) {
  auto batch = consumer_->Poll(timeout, kReadMax);
  if (batch.ok()) NoteTimestamps(*batch);
  return batch;
}

void DeliveryLog::NoteTimestamps(const platform::RecordBatch& batch) {
  for (const platform::Record& record : batch.records) {
    if (IsOutbound(record)) newest_outbound_ = std::max(newest_outbound_, record.timestamp);
  }
}

bool DeliveryLog::IsOutbound(const platform::Record& record) const {
  return record.topic == outbound_.topic;
}

absl::Status DeliveryLog::SetReading(bool wanted) {
  if (wanted == reading_) return absl::OkStatus();
  reading_ = wanted;
  return wanted ? consumer_->Resume({outbound_}) : consumer_->Pause({outbound_});
}

absl::StatusOr<platform::Record> DeliveryLog::ToRecord(const DeliveryRecord& said,
                                                       absl::Time now) const {
  OutRecord out;
  out.topic = deliveries_.topic;
  out.key = said.delivery.conversation_id();
  out.type = said.delivery.GetDescriptor()->full_name();
  out.id = said.delivery.event_id();
  out.subject = said.delivery.conversation_id();
  out.time = FromProto(said.delivery.occurred_at());
  out.traceparent = said.traceparent;
  out.value = said.delivery.SerializeAsString();
  auto record = platform::EventRecord(out, number_, "/trama/" + options_.rules.channel);
  if (record.ok()) record->timestamp = std::max(now, newest_outbound_);
  return record;
}

absl::Status DeliveryLog::Commit(const std::vector<DeliveryRecord>& records,
                                 const std::vector<platform::Record>& dead_letters, absl::Time now,
                                 const std::function<void()>& on_produced) {
  if (records.empty() && dead_letters.empty()) return absl::OkStatus();
  if (absl::Status begun = producer_->Begin(); !begun.ok()) return begun;
  for (const DeliveryRecord& said : records) {
    const absl::StatusOr<platform::Record> record = ToRecord(said, now);
    if (!record.ok()) return record.status();
    if (absl::Status produced = producer_->Produce(*record); !produced.ok()) return produced;
  }
  for (const platform::Record& letter : dead_letters) {
    if (absl::Status produced = producer_->Produce(letter); !produced.ok()) return produced;
  }
  if (on_produced) on_produced();
  // An error leaves it open whether this was written; the next Init() settles it.
  return producer_->Commit(kCommitTimeout);
}

absl::Status DeliveryLog::CommitPosition(std::optional<int64_t> oldest_open) {
  const int64_t position = std::max(start_, oldest_open.value_or(consumer_->Position(outbound_)));
  if (position == committed_) return absl::OkStatus();
  absl::Status done = consumer_->CommitOffsets({At(outbound_, position)});
  if (done.ok()) committed_ = position;
  return done;
}

bool DeliveryLog::PastIsRead() const { return consumer_->Position(outbound_) >= outbound_end_; }

}  // namespace trama::channels
