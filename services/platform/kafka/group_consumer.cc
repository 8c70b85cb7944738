#include "services/platform/kafka/group_consumer.h"

#include <utility>

#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/group.h"
#include "services/platform/kafka/handles.h"
#include "services/platform/kafka/offset_client.h"
#include "services/platform/kafka/reader.h"

namespace trama::platform {
namespace {

using kafka_internal::Client;
using kafka_internal::PartitionList;
using kafka_internal::Reader;

constexpr absl::Duration kCommittedWaitMax = absl::Seconds(10);

class KafkaGroupConsumer final : public GroupConsumer {
 public:
  KafkaGroupConsumer(const KafkaConfig& config, GroupOptions options)
      : options_(std::move(options)), offsets_(kafka_internal::SharedOffsetClient(config)) {}

  ~KafkaGroupConsumer() override {
    if (client_.get() == nullptr) return;
    Close();
    reader_.Close();
    client_.Close();
  }

  absl::Status Open(const KafkaConfig& config) {
    Client::Settings settings(config);
    kafka_internal::SetReaderOptions(settings, {.fetch_wait = options_.fetch_wait,
                                                .fetch_bytes_min = options_.fetch_bytes_min,
                                                .prefetch_kib_max = options_.prefetch_kib_max});
    kafka_internal::SetGroupOptions(settings, {.group = options_.group,
                                               .instance_id = options_.instance_id,
                                               .session_timeout = options_.session_timeout,
                                               .heartbeat_interval = options_.heartbeat_interval,
                                               .max_poll_interval = options_.max_poll_interval});
    rd_kafka_conf_set_rebalance_cb(settings.get(), &KafkaGroupConsumer::OnRebalance);
    const absl::Status opened = client_.Open(RD_KAFKA_CONSUMER, std::move(settings), this);
    if (!opened.ok()) return opened;
    reader_.Open();
    // Events of the client come with the records, so that Poll() serves both.
    rd_kafka_poll_set_consumer(client_.get());
    return kafka_internal::Subscribe(client_, options_.topics);
  }

  absl::StatusOr<RecordBatch> Poll(absl::Duration timeout, size_t records_max) override {
    return reader_.Poll(timeout, records_max);
  }

  absl::StatusOr<RecordBatch> PollWanted(absl::Duration timeout, size_t records_max,
                                         const ValueFilter& is_wanted) override {
    return reader_.Poll(timeout, records_max, is_wanted);
  }

  void Wake() override { reader_.Wake(); }

  absl::Status Commit() override { return reader_.Commit(reader_.Uncommitted()); }

  absl::Status Commit(const std::vector<TopicPartitionOffset>& positions) override {
    return reader_.Commit(positions);
  }

  absl::Status Seek(const TopicPartitionOffset& position, absl::Duration timeout) override {
    return reader_.Seek({position}, timeout);
  }

  absl::Status Rewind(absl::Duration timeout) override {
    return reader_.Seek(reader_.RewindPositions(), timeout);
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

  std::vector<TopicPartition> assignment() const override { return reader_.partitions(); }

  int64_t Position(const TopicPartition& partition) const override {
    return reader_.Position(partition);
  }

  absl::StatusOr<Watermarks> QueryWatermarks(const TopicPartition& partition,
                                             absl::Duration timeout) override {
    return offsets_->QueryWatermarks(partition, timeout);
  }

  void Close() override {
    if (std::exchange(closed_, true)) return;
    kafka_internal::AwaitFirstAssignment(client_, assigned_);
    kafka_internal::Leave(client_, &KafkaGroupConsumer::OnRebalance);
  }

 private:
  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto& consumer = Client::Owner<KafkaGroupConsumer>(opaque);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      consumer.assigned_ = true;
      consumer.Assigned(kafka_internal::ToPartitions(*partitions));
    } else {
      consumer.Revoked(kafka_internal::ToPartitions(*partitions));
    }
  }

  void Assigned(const std::vector<TopicPartition>& partitions) {
    std::vector<TopicPartitionOffset> starts;
    for (const TopicPartition& each : partitions) {
      starts.push_back({each.topic, each.partition, kOffsetCommitted});
    }
    if (options_.callbacks.on_assigned && !starts.empty()) options_.callbacks.on_assigned(starts);
    // Without an answer librdkafka asks for the committed offsets itself, as long as it takes.
    absl::StatusOr<std::vector<TopicPartitionOffset>> resolved =
        reader_.ResolveCommitted(starts, kCommittedWaitMax);
    if (resolved.ok()) starts = *std::move(resolved);
    kafka_internal::Accept(client_, kafka_internal::ToList(starts));
    for (const TopicPartitionOffset& start : starts) {
      reader_.Follow({start.topic, start.partition}, start.offset);
    }
  }

  void Revoked(const std::vector<TopicPartition>& partitions) {
    const GroupCallbacks& callbacks = options_.callbacks;
    const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
    const auto& tell = lost && callbacks.on_lost ? callbacks.on_lost : callbacks.on_revoked;
    if (tell && !partitions.empty()) tell(partitions);
    for (const TopicPartition& each : partitions) reader_.Forget(each);
    kafka_internal::GiveUp(client_, kafka_internal::ToList(partitions));
  }

  const GroupOptions options_;
  Client client_;
  Reader reader_{client_};
  const std::shared_ptr<kafka_internal::OffsetClient> offsets_;
  bool assigned_ = false;  // At least once.
  bool closed_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GroupConsumer>> GroupConsumer::Create(const KafkaConfig& config,
                                                                     GroupOptions options) {
  if (options.group.empty() || options.topics.empty()) {
    return absl::InvalidArgumentError("a group consumer needs a group and at least one topic");
  }
  auto consumer = std::make_unique<KafkaGroupConsumer>(config, std::move(options));
  const absl::Status opened = consumer->Open(config);
  if (!opened.ok()) return opened;
  return consumer;
}

}  // namespace trama::platform
