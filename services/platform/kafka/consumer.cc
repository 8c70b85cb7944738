#include "services/platform/kafka/consumer.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/handles.h"
#include "services/platform/kafka/offset_client.h"
#include "services/platform/kafka/reader.h"

namespace trama::platform {
namespace {

using kafka_internal::Client;
using kafka_internal::OffsetClient;
using kafka_internal::PartitionList;
using kafka_internal::Reader;

constexpr absl::Duration kAssignWaitMax = absl::Seconds(10);
constexpr absl::Duration kReadToEndPoll = absl::Milliseconds(500);

class KafkaConsumer final : public Consumer {
 public:
  explicit KafkaConsumer(const KafkaConfig& config)
      : offsets_(kafka_internal::SharedOffsetClient(config)) {}

  ~KafkaConsumer() override {
    if (client_.get() == nullptr) return;
    reader_.Close();
    client_.Close();
  }

  absl::Status Open(const KafkaConfig& config, const ConsumerOptions& options) {
    Client::Settings settings(config);
    settings.Set("group.id", options.group.empty() ? config.client_id : options.group);
    kafka_internal::SetReaderOptions(settings, options);
    absl::Status opened = client_.Open(RD_KAFKA_CONSUMER, std::move(settings), this);
    if (opened.ok()) reader_.Open();
    return opened;
  }

  absl::Status Assign(const std::vector<TopicPartitionOffset>& positions) override {
    absl::StatusOr<std::vector<TopicPartitionOffset>> starts =
        reader_.ResolveCommitted(positions, kAssignWaitMax);
    if (!starts.ok()) return starts.status();
    // With leaders unknown, librdkafka would look for them again after half a second only.
    absl::Status known = client_.FetchMetadata(kafka_internal::TopicsOf(*starts), kAssignWaitMax);
    if (!known.ok()) return known;
    const PartitionList list = kafka_internal::ToList(*starts);
    absl::Status assigned =
        client_.Error(rd_kafka_assign(client_.get(), list.get()), "assign partitions");
    if (!assigned.ok()) return assigned;
    reader_.ForgetAll();
    for (const TopicPartitionOffset& start : *starts) {
      reader_.Follow({start.topic, start.partition}, start.offset);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<RecordBatch> Poll(absl::Duration timeout, size_t records_max) override {
    return reader_.Poll(timeout, records_max);
  }

  void Wake() override { reader_.Wake(); }

  absl::Status ReadToEnd(absl::Time deadline,
                         const std::function<absl::Status(const Record&)>& on_record) override {
    auto targets = offsets_->Ends(reader_.partitions(), deadline - absl::Now());
    if (!targets.ok()) return targets.status();
    while (true) {
      std::erase_if(*targets, [&](const TopicPartitionOffset& target) {
        return reader_.Position({target.topic, target.partition}) >= target.offset;
      });
      if (targets->empty()) return absl::OkStatus();
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) {
        return kafka_internal::StatusOf(RD_KAFKA_RESP_ERR__TIMED_OUT,
                                        "read " + targets->front().topic + " to its end in time");
      }
      absl::Status visited = reader_.Visit(std::min(left, kReadToEndPoll), on_record);
      if (!visited.ok()) return visited;
    }
  }

  absl::Status Seek(const TopicPartitionOffset& position, absl::Duration timeout) override {
    return reader_.Seek({position}, timeout);
  }

  int64_t Position(const TopicPartition& partition) const override {
    return reader_.Position(partition);
  }

  absl::StatusOr<Watermarks> QueryWatermarks(const TopicPartition& partition,
                                             absl::Duration timeout) override {
    return offsets_->QueryWatermarks(partition, timeout);
  }

  absl::StatusOr<std::vector<TopicPartitionOffset>> Ends(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) override {
    return offsets_->Ends(partitions, timeout);
  }

  absl::StatusOr<std::vector<TopicPartitionOffset>> OffsetsForTimes(
      const std::vector<std::pair<TopicPartition, absl::Time>>& times,
      absl::Duration timeout) override {
    return offsets_->OffsetsForTimes(times, timeout);
  }

  absl::Status Pause(const std::vector<TopicPartition>& partitions) override {
    const PartitionList list = kafka_internal::ToList(partitions);
    absl::Status paused =
        client_.Error(rd_kafka_pause_partitions(client_.get(), list.get()), "pause");
    return paused.ok() ? kafka_internal::FirstError(*list, "pause") : paused;
  }

  absl::Status Resume(const std::vector<TopicPartition>& partitions) override {
    const PartitionList list = kafka_internal::ToList(partitions);
    absl::Status resumed =
        client_.Error(rd_kafka_resume_partitions(client_.get(), list.get()), "resume");
    return resumed.ok() ? kafka_internal::FirstError(*list, "resume") : resumed;
  }

  absl::Status CommitOffsets(const std::vector<TopicPartitionOffset>& positions) override {
    return reader_.Commit(positions);
  }

  absl::StatusOr<std::vector<TopicPartitionOffset>> Committed(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) override {
    return reader_.Committed(partitions, timeout);
  }

 private:
  Client client_;
  Reader reader_{client_};
  const std::shared_ptr<OffsetClient> offsets_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Consumer>> Consumer::Create(const KafkaConfig& config,
                                                           ConsumerOptions options) {
  auto consumer = std::make_unique<KafkaConsumer>(config);
  const absl::Status opened = consumer->Open(config, options);
  if (!opened.ok()) return opened;
  return consumer;
}

}  // namespace trama::platform
