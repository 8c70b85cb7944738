#include "services/platform/kafka/reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform::kafka_internal {
namespace {

constexpr absl::Duration kCommitWaitMax = absl::Seconds(10);
// Records fetched ahead, whatever their size.
constexpr int64_t kPrefetchRecordsMax = 100'000;
// How soon a full prefetch is looked at again: the default of a second would leave the queue empty
// most of the time (48,000 instead of 300,000 records of 1 KB a second).
constexpr absl::Duration kFullPrefetchPause = absl::Milliseconds(5);
// What one request asks of each partition at most: librdkafka's default.
constexpr int64_t kPartitionFetchBytesMax = 1 << 20;
constexpr size_t kVisitedAtOnce = 512;

bool IsWanted(const rd_kafka_message_t& message, const ValueFilter& is_wanted) {
  return message.payload != nullptr &&
         is_wanted({static_cast<const char*>(message.payload), message.len});
}

}  // namespace

void SetReaderOptions(Client::Settings& settings, const ConsumerOptions& options) {
  settings.Set("enable.auto.commit", "false");
  settings.Set("enable.auto.offset.store", "false");
  settings.Set("enable.partition.eof", "true");
  settings.Set("isolation.level", options.read_committed ? "read_committed" : "read_uncommitted");
  // A position that is gone is an error: a silent jump would be a silent loss.
  settings.Set("auto.offset.reset", "error");
  settings.Set("fetch.wait.max.ms", options.fetch_wait);
  settings.Set("fetch.min.bytes", int64_t{options.fetch_bytes_min});
  settings.Set("fetch.error.backoff.ms", absl::Milliseconds(100));
  settings.Set("queued.max.messages.kbytes", int64_t{options.prefetch_kib_max});
  // One answer must not bring far more than that, which librdkafka would: 1 MB of each partition
  // and 50 MB in all. It does not take a smaller sum than what a record may have; a record that is
  // larger than its partition's share comes all the same (KIP-74).
  const int64_t prefetch_max = int64_t{options.prefetch_kib_max} * 1024;
  settings.Set("fetch.max.bytes", std::max(prefetch_max, int64_t{kRecordBytesMax}));
  settings.Set("max.partition.fetch.bytes", std::min(prefetch_max / 8, kPartitionFetchBytesMax));
  settings.Set("queued.min.messages", kPrefetchRecordsMax);
  settings.Set("fetch.queue.backoff.ms", kFullPrefetchPause);
  settings.Set("check.crcs", "true");
  settings.Set("allow.auto.create.topics", "false");
}

absl::StatusOr<RecordBatch> Reader::Poll(absl::Duration timeout, size_t records_max,
                                         const ValueFilter& is_wanted) {
  if (!pending_error_.ok()) return std::exchange(pending_error_, absl::OkStatus());
  RecordBatch batch;
  size_t seen = 0;
  MessageHandle message(rd_kafka_consumer_poll(client_.get(), Milliseconds(timeout)));
  while (message != nullptr) {
    const absl::StatusOr<bool> is_record = Note(*message, batch.ends);
    if (!is_record.ok()) {
      if (batch.empty()) return is_record.status();
      pending_error_ = is_record.status();
      break;
    }
    if (*is_record && (is_wanted == nullptr || IsWanted(*message, is_wanted))) {
      batch.records.push_back(ToRecord(*message));
    }
    if (*is_record && ++seen >= records_max) break;
    message.reset(rd_kafka_consumer_poll(client_.get(), 0));
  }
  return batch;
}

absl::Status Reader::Visit(absl::Duration timeout,
                           const std::function<absl::Status(const Record&)>& on_record) {
  if (!pending_error_.ok()) return std::exchange(pending_error_, absl::OkStatus());
  std::vector<MessageHandle> messages;
  messages.emplace_back(rd_kafka_consumer_poll(client_.get(), Milliseconds(timeout)));
  if (messages.front() == nullptr) return absl::OkStatus();
  // Without a wait, as it would be one for a full batch.
  std::array<rd_kafka_message_t*, kVisitedAtOnce> more;
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, more.data(), more.size());
  for (ssize_t i = 0; i < count; ++i) messages.emplace_back(more[static_cast<size_t>(i)]);
  std::vector<TopicPartitionOffset> ends;
  Record record;
  for (const MessageHandle& message : messages) {
    const absl::StatusOr<bool> is_record = Note(*message, ends);
    if (!is_record.ok()) return is_record.status();
    if (!*is_record) continue;
    ReadInto(*message, record);
    if (absl::Status taken = on_record(record); !taken.ok()) return taken;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Reader::Note(const rd_kafka_message_t& message,
                                  std::vector<TopicPartitionOffset>& ends) {
  Followed* followed =
      message.rkt == nullptr ? nullptr : Find(rd_kafka_topic_name(message.rkt), message.partition);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (followed == nullptr) return false;  // Given up meanwhile.
    if (followed->uncommitted_from == kOffsetUnknown) {
      followed->uncommitted_from = message.offset;
    }
    followed->position = message.offset + 1;
    return true;
  }
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (followed == nullptr) return false;
    followed->position = std::max(followed->position, message.offset);
    ends.push_back({followed->partition.topic, message.partition, message.offset});
    return false;
  }
  const std::string doing =
      message.rkt == nullptr
          ? "read"
          : absl::StrCat("read ", rd_kafka_topic_name(message.rkt), "/", message.partition);
  const char* text = rd_kafka_message_errstr(&message);
  absl::Status status = client_.Error(message.err, doing, text == nullptr ? "" : text);
  if (KindOf(status) != KafkaErrorKind::kRetriable) return status;
  constexpr int kWarning = 4;
  client_.Log(kWarning, "READ", std::string(status.message()));
  return false;
}

Reader::Followed* Reader::Find(std::string_view topic, int32_t partition) {
  for (size_t i = 0; i < followed_.size(); ++i) {
    const size_t at = (last_found_ + i) % followed_.size();
    const TopicPartition& candidate = followed_[at].partition;
    if (candidate.partition == partition && candidate.topic == topic) {
      last_found_ = at;
      return &followed_[at];
    }
  }
  return nullptr;
}

const Reader::Followed* Reader::Find(const TopicPartition& partition) const {
  return const_cast<Reader*>(this)->Find(partition.topic, partition.partition);
}

void Reader::Follow(const TopicPartition& partition, int64_t offset) {
  Forget(partition);
  followed_.push_back({.partition = partition, .position = offset < 0 ? kOffsetUnknown : offset});
}

void Reader::Forget(const TopicPartition& partition) {
  std::erase_if(followed_, [&](const Followed& each) { return each.partition == partition; });
  last_found_ = 0;
}

void Reader::ForgetAll() {
  followed_.clear();
  last_found_ = 0;
  pending_error_ = absl::OkStatus();
}

std::vector<TopicPartition> Reader::partitions() const {
  std::vector<TopicPartition> partitions;
  for (const Followed& each : followed_) partitions.push_back(each.partition);
  return partitions;
}

int64_t Reader::Position(const TopicPartition& partition) const {
  const Followed* followed = Find(partition);
  return followed == nullptr ? kOffsetUnknown : followed->position;
}

std::vector<TopicPartitionOffset> Reader::Uncommitted() const {
  std::vector<TopicPartitionOffset> positions;
  for (const Followed& each : followed_) {
    if (each.uncommitted_from == kOffsetUnknown) continue;
    positions.push_back({each.partition.topic, each.partition.partition, each.position});
  }
  return positions;
}

void Reader::NoteCommitted(const std::vector<TopicPartitionOffset>& positions) {
  for (const TopicPartitionOffset& position : positions) {
    Followed* followed = Find(position.topic, position.partition);
    if (followed == nullptr) continue;
    followed->uncommitted_from =
        position.offset >= followed->position ? kOffsetUnknown : position.offset;
  }
}

std::vector<TopicPartitionOffset> Reader::RewindPositions() const {
  std::vector<TopicPartitionOffset> positions;
  for (const Followed& each : followed_) {
    if (each.uncommitted_from == kOffsetUnknown) continue;
    positions.push_back({each.partition.topic, each.partition.partition, each.uncommitted_from});
  }
  return positions;
}

absl::Status Reader::Seek(const std::vector<TopicPartitionOffset>& positions,
                          absl::Duration timeout) {
  if (positions.empty()) return absl::OkStatus();
  const PartitionList list = ToList(positions);
  const absl::Status asked = client_.Error(
      rd_kafka_seek_partitions(client_.get(), list.get(), Milliseconds(timeout)), "seek");
  if (!asked.ok()) return asked;
  for (int i = 0; i < list->cnt; ++i) {
    const TopicPartitionOffset& position = positions[i];
    absl::Status sought = StatusOf(list->elems[i].err, "seek in " + position.topic);
    if (list->elems[i].err == RD_KAFKA_RESP_ERR__STATE) sought = TakeAnew(position);
    if (!sought.ok()) return sought;
    Followed* followed = Find(position.topic, position.partition);
    if (followed == nullptr) continue;
    followed->position = position.offset < 0 ? kOffsetUnknown : position.offset;
    followed->uncommitted_from = kOffsetUnknown;
  }
  return absl::OkStatus();
}

absl::Status Reader::TakeAnew(const TopicPartitionOffset& position) {
  const PartitionList list = ToList(std::vector<TopicPartitionOffset>{position});
  absl::Status left = client_.Error(rd_kafka_incremental_unassign(client_.get(), list.get()),
                                    "leave " + position.topic + " to take it anew");
  if (!left.ok()) return left;
  return client_.Error(rd_kafka_incremental_assign(client_.get(), list.get()),
                       "take " + position.topic + " anew");
}

absl::StatusOr<std::vector<TopicPartitionOffset>> Reader::Committed(
    const std::vector<TopicPartition>& partitions, absl::Duration timeout) {
  const PartitionList list = ToList(partitions);
  absl::Status asked =
      client_.Error(rd_kafka_committed(client_.get(), list.get(), Milliseconds(timeout)),
                    "read the committed offsets");
  if (asked.ok()) asked = FirstError(*list, "read the committed offset");
  if (!asked.ok()) return asked;
  return ToPositions(*list);
}

absl::StatusOr<std::vector<TopicPartitionOffset>> Reader::ResolveCommitted(
    std::vector<TopicPartitionOffset> positions, absl::Duration timeout) {
  std::vector<TopicPartition> unknown;
  for (const TopicPartitionOffset& position : positions) {
    if (position.offset == kOffsetCommitted) {
      unknown.push_back({position.topic, position.partition});
    }
  }
  if (unknown.empty()) return positions;
  const auto committed = Committed(unknown, timeout);
  if (!committed.ok()) return committed.status();
  size_t next = 0;  // The answer is in the order of the question.
  for (TopicPartitionOffset& position : positions) {
    if (position.offset != kOffsetCommitted) continue;
    const int64_t offset = (*committed)[next++].offset;
    position.offset = offset < 0 ? kOffsetBeginning : offset;
  }
  return positions;
}

absl::Status Reader::Commit(const std::vector<TopicPartitionOffset>& positions) {
  if (positions.empty()) return absl::OkStatus();
  const std::string doing = "commit offsets";
  // Whoever has lost his session is no member any more: the group would call a static one fenced,
  // which librdkafka takes for the end.
  if (rd_kafka_assignment_lost(client_.get()) != 0) {
    return StatusOf(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, doing);
  }
  // Not rd_kafka_commit, which waits for a silent broker without end.
  const PartitionList list = ToList(positions);
  const QueueHandle queue(rd_kafka_queue_new(client_.get()));
  absl::Status committed = client_.Error(
      rd_kafka_commit_queue(client_.get(), list.get(), queue.get(), nullptr, nullptr), doing);
  if (!committed.ok()) return committed;
  const EventHandle answer(rd_kafka_queue_poll(queue.get(), Milliseconds(kCommitWaitMax)));
  if (answer == nullptr) return StatusOf(RD_KAFKA_RESP_ERR__TIMED_OUT, doing + " in time");
  committed = client_.Error(rd_kafka_event_error(answer.get()), doing);
  const rd_kafka_topic_partition_list_t* each = rd_kafka_event_topic_partition_list(answer.get());
  if (committed.ok() && each != nullptr) committed = FirstError(*each, "commit the offset");
  if (committed.ok()) NoteCommitted(positions);
  return committed;
}

}  // namespace trama::platform::kafka_internal
