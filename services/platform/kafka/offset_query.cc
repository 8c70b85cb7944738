#include "services/platform/kafka/offset_query.h"

#include <map>
#include <mutex>
#include <string>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/offset_client.h"

namespace trama::platform {
namespace kafka_internal {
namespace {

// Kafka's ListOffsets takes these in place of a time.
constexpr int64_t kEarliest = -2;
constexpr int64_t kLatest = -1;

constexpr absl::Duration kAskAgain = absl::Milliseconds(50);

}  // namespace

std::shared_ptr<OffsetClient> SharedOffsetClient(const KafkaConfig& config) {
  static std::mutex mutex;
  static auto& clients = *new std::map<std::string, std::weak_ptr<OffsetClient>>;
  const std::string key =
      absl::StrJoin({config.brokers, config.client_id, config.security_protocol,
                     config.sasl_username, config.sasl_password, config.cert_file},
                    "\n");
  const std::lock_guard lock(mutex);
  std::shared_ptr<OffsetClient> shared = clients[key].lock();
  if (shared == nullptr) {
    shared = std::make_shared<OffsetClient>(config);
    clients[key] = shared;
  }
  return shared;
}

absl::StatusOr<std::shared_ptr<Client>> OffsetClient::Opened() {
  std::lock_guard lock(mutex_);
  if (client_ != nullptr) return client_;
  Client::Settings settings(config_);
  settings.Set("isolation.level", "read_uncommitted");
  auto client = std::make_shared<Client>();
  absl::Status opened = client->Open(RD_KAFKA_CONSUMER, std::move(settings), nullptr);
  if (!opened.ok()) return opened;
  client_ = std::move(client);
  return client_;
}

absl::Status OffsetClient::Open() { return Opened().status(); }

void OffsetClient::Forget(const std::shared_ptr<Client>& client) {
  std::lock_guard lock(mutex_);
  if (client_ == client) client_.reset();
}

absl::StatusOr<Watermarks> OffsetClient::QueryWatermarks(const TopicPartition& partition,
                                                         absl::Duration timeout) {
  // Not rd_kafka_query_watermark_offsets: it waits for a silent broker beyond the time-out.
  const absl::Time deadline = absl::Now() + timeout;
  const auto low = Ask({{partition.topic, partition.partition, kEarliest}}, timeout);
  if (!low.ok()) return low.status();
  const auto high = Ask({{partition.topic, partition.partition, kLatest}}, deadline - absl::Now());
  if (!high.ok()) return high.status();
  return Watermarks{.low = low->front().offset, .high = high->front().offset};
}

absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetClient::Ask(
    const std::vector<TopicPartitionOffset>& question, absl::Duration timeout) {
  if (question.empty()) return question;
  const absl::Time deadline = absl::Now() + timeout;
  auto answer = AskOnce(question, timeout);
  // A leader may move, and that of a new partition is not there at once.
  while (absl::IsUnavailable(answer.status()) && absl::Now() + kAskAgain < deadline) {
    absl::SleepFor(kAskAgain);
    answer = AskOnce(question, deadline - absl::Now());
  }
  return answer;
}

absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetClient::AskOnce(
    const std::vector<TopicPartitionOffset>& question, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const auto client = Opened();
  if (!client.ok()) return client.status();
  // With leaders unknown, a new client would look for them again after 200 ms only.
  absl::Status known = (*client)->FetchMetadata(TopicsOf(question), timeout);
  if (!known.ok()) return known;
  const PartitionList list = ToList(question);
  absl::Status answered =
      (*client)->Error(rd_kafka_offsets_for_times((*client)->get(), list.get(),
                                                  Milliseconds(deadline - absl::Now())),
                       "ask for offsets");
  if (answered.ok()) answered = FirstError(*list, "ask for the offset");
  if (answered.ok()) return ToPositions(*list);
  Forget(*client);
  return answered;
}

absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetClient::Ends(
    const std::vector<TopicPartition>& partitions, absl::Duration timeout) {
  std::vector<TopicPartitionOffset> question;
  for (const TopicPartition& each : partitions) {
    question.push_back({each.topic, each.partition, kLatest});
  }
  return Ask(question, timeout);
}

absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetClient::OffsetsForTimes(
    const std::vector<std::pair<TopicPartition, absl::Time>>& times, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::vector<TopicPartitionOffset> question;
  for (const auto& [partition, time] : times) {
    question.push_back({partition.topic, partition.partition, absl::ToUnixMillis(time)});
  }
  auto offsets = Ask(question, timeout);
  if (!offsets.ok()) return offsets;
  std::vector<TopicPartition> at_end;
  for (const TopicPartitionOffset& each : *offsets) {
    if (each.offset < 0) at_end.push_back({each.topic, each.partition});
  }
  const auto ends = Ends(at_end, deadline - absl::Now());
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
  explicit KafkaOffsetQuery(const KafkaConfig& config)
      : client_(kafka_internal::SharedOffsetClient(config)) {}

  absl::Status Open() { return client_->Open(); }

  absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) override {
    return client_->Ends(partitions, timeout);
  }

  absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times,
      absl::Duration timeout) override {
    return client_->OffsetsForTimes(times, timeout);
  }

 private:
  const std::shared_ptr<kafka_internal::OffsetClient> client_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<OffsetQuery>> OffsetQuery::Create(const KafkaConfig& config) {
  auto query = std::make_unique<KafkaOffsetQuery>(config);
  const absl::Status opened = query->Open();
  if (!opened.ok()) return opened;
  return query;
}

}  // namespace trama::platform
