#include "services/platform/kafka/transactional_producer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/handles.h"

namespace trama::platform {
namespace {

using kafka_internal::Client;

// Delivery reports of a long transaction are taken in now and then, so that they do not pile up.
constexpr int kRecordsBetweenPolls = 256;
// Longer is no better than not to ask.
constexpr absl::Duration kLeaderWait = absl::Milliseconds(500);

class KafkaTransactionalProducer final : public TransactionalProducer {
 public:
  ~KafkaTransactionalProducer() override {
    if (client_.get() == nullptr) return;
    // Records of an open transaction must not hold up the end of the client.
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(client_.get(), 0);
    client_.Close();
  }

  absl::Status Open(const KafkaConfig& config, const TransactionalOptions& options) {
    if (options.transactional_id.empty()) {
      return absl::InvalidArgumentError("transactional_id is empty, name the owner");
    }
    Client::Settings settings(config);
    settings.Set("transactional.id", options.transactional_id);
    settings.Set("transaction.timeout.ms", options.transaction_timeout);
    settings.Set("retry.backoff.ms", options.retry_backoff);
    settings.Set("partitioner", "murmur2_random");
    settings.Set("compression.codec", "lz4");
    settings.Set("queue.buffering.max.messages", int64_t{options.queue_records_max});
    settings.Set("queue.buffering.max.kbytes", int64_t{options.queue_kib_max});
    rd_kafka_conf_set_dr_msg_cb(settings.get(), &KafkaTransactionalProducer::OnDelivery);
    return client_.Open(RD_KAFKA_PRODUCER, std::move(settings), this);
  }

  absl::Status Init(absl::Duration timeout) override {
    return client_.Error(rd_kafka_init_transactions(client_.get(), Milliseconds(timeout)),
                         "take over the transactional id");
  }

  absl::Status PrefetchMetadata(const std::vector<std::string>& topics,
                                absl::Duration timeout) override {
    const absl::Status known = client_.FetchMetadata(topics, timeout);
    if (known.ok() && !topics.empty()) AwaitLeader(topics.front(), std::min(timeout, kLeaderWait));
    return known;
  }

  absl::Status Begin() override {
    first_failure_ = absl::OkStatus();
    return client_.Error(rd_kafka_begin_transaction(client_.get()), "begin a transaction");
  }

  absl::Status Produce(const Record& record) override {
    if (++since_poll_ >= kRecordsBetweenPolls) {
      since_poll_ = 0;
      rd_kafka_poll(client_.get(), 0);
    }
    return client_.Send(record, nullptr);
  }

  absl::Status Commit(absl::Duration timeout) override {
    const absl::Status status =
        client_.Error(rd_kafka_commit_transaction(client_.get(), Milliseconds(timeout)), "commit");
    if (status.ok() || first_failure_.ok()) return status;
    // librdkafka says only that something was not delivered; name it.
    absl::Status explained(status.code(),
                           absl::StrCat(status.message(), "; ", first_failure_.message()));
    status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
      explained.SetPayload(url, payload);
    });
    return explained;
  }

  absl::Status Abort(absl::Duration timeout) override {
    return client_.Error(rd_kafka_abort_transaction(client_.get(), Milliseconds(timeout)), "abort");
  }

 private:
  // The metadata came over a connection that librdkafka gives up for one to a broker that it now
  // knows by name. An Init() in between finds no broker at all and looks again after half a second;
  // a question to a leader waits until he is connected, and no longer.
  void AwaitLeader(const std::string& topic, absl::Duration timeout) {
    int64_t low = 0;
    int64_t high = 0;
    rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), /*partition=*/0, &low, &high,
                                     Milliseconds(timeout));
  }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    auto& producer = Client::Owner<KafkaTransactionalProducer>(opaque);
    // The purge of an abort follows a failure and is none itself.
    if (!producer.first_failure_.ok() || message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
      return;
    }
    producer.first_failure_ = kafka_internal::StatusOf(
        message->err,
        absl::StrCat("write to ", rd_kafka_topic_name(message->rkt), "/", message->partition));
  }

  Client client_;
  absl::Status first_failure_;  // Of the open transaction.
  int since_poll_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TransactionalProducer>> TransactionalProducer::Create(
    const KafkaConfig& config, TransactionalOptions options) {
  auto producer = std::make_unique<KafkaTransactionalProducer>();
  const absl::Status opened = producer->Open(config, options);
  if (!opened.ok()) return opened;
  return producer;
}

}  // namespace trama::platform
