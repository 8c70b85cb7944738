#include "services/platform/kafka/offset_query.h"

#include "absl/time/clock.h"
#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/offsets.h"
#include "services/platform/kafka/reader.h"

namespace trama::platform {
namespace kafka_internal {
namespace {

// Kafka's ListOffsets takes these in place of a time.
constexpr int64_t kLatest = -1;

absl::StatusOr<std::vector<TopicPartitionOffset>> AskOffsets(
    Client& client, const std::vector<TopicPartitionOffset>& question, absl::Duration timeout) {
  const PartitionList list = ToList(question);
  absl::Status answered =
      client.Error(rd_kafka_offsets_for_times(client.get(), list.get(), Milliseconds(timeout)),
                   "ask for offsets");
  if (answered.ok()) answered = FirstError(*list, "ask for the offset");
  if (!answered.ok()) return answered;
  return ToPositions(*list);
}

}  // namespace

absl::StatusOr<std::vector<TopicPartitionOffset>> AskEnds(
    Client& client, const std::vector<TopicPartition>& partitions, absl::Duration timeout) {
  std::vector<TopicPartitionOffset> question;
  for (const TopicPartition& each : partitions) {
    question.push_back({each.topic, each.partition, kLatest});
  }
  return AskOffsets(client, question, timeout);
}

absl::StatusOr<std::vector<TopicPartitionOffset>> AskOffsetsForTimes(
    Client& client, const std::vector<std::pair<TopicPartition, absl::Time>>& times,
    absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::vector<TopicPartitionOffset> question;
  for (const auto& [partition, time] : times) {
    question.push_back({partition.topic, partition.partition, absl::ToUnixMillis(time)});
  }
  auto offsets = AskOffsets(client, question, timeout);
  if (!offsets.ok()) return offsets;
  std::vector<TopicPartition> at_end;
  for (const TopicPartitionOffset& each : *offsets) {
    if (each.offset < 0) at_end.push_back({each.topic, each.partition});
  }
  if (at_end.empty()) return offsets;
  const auto ends = AskEnds(client, at_end, deadline - absl::Now());
  if (!ends.ok()) return ends;
  size_t next = 0;  // The answer is in the order of the question.
  for (TopicPartitionOffset& each : *offsets) {
    if (each.offset < 0) each.offset = (*ends)[next++].offset;
  }
  return offsets;
}

}  // namespace kafka_internal

namespace {

class KafkaOffsetQuery final : public OffsetQuery {
 public:
  absl::Status Open(const KafkaConfig& config) {
    kafka_internal::Client::Settings settings(config);
    kafka_internal::SetReaderOptions(settings, {});
    return client_.Open(RD_KAFKA_CONSUMER, std::move(settings), this);
  }

  absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) override {
    return kafka_internal::AskEnds(client_, partitions, timeout);
  }

  absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times,
      absl::Duration timeout) override {
    return kafka_internal::AskOffsetsForTimes(client_, times, timeout);
  }

 private:
  kafka_internal::Client client_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<OffsetQuery>> OffsetQuery::Create(const KafkaConfig& config) {
  auto query = std::make_unique<KafkaOffsetQuery>();
  const absl::Status opened = query->Open(config);
  if (!opened.ok()) return opened;
  return query;
}

}  // namespace trama::platform
