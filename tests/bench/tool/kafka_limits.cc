#include "tests/bench/tool/kafka_limits.h"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/platform/kafka/admin.h"
#include "tools/loadgen/latency_histogram.h"

namespace trama::bench {
namespace {

constexpr int kWaitMs = 30'000;
constexpr int kRecordsPerCommit = 10;
constexpr int kBatchMs = 5;
constexpr absl::Duration kReadMax = absl::Minutes(5);

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
template <typename T>
using Owned = std::unique_ptr<T, Destroy>;

// Counts the acknowledgements of a producer.
struct Acknowledged {
  int64_t records = 0;
  int64_t failed = 0;
};

void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* acknowledged = static_cast<Acknowledged*>(opaque);
  ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? acknowledged->records : acknowledged->failed);
}

absl::StatusOr<Owned<rd_kafka_t>> Open(rd_kafka_type_t type, const std::string& brokers,
                                       Settings settings, Acknowledged* acknowledged) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  settings.emplace_back("bootstrap.servers", brokers);
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(error);
    }
  }
  if (acknowledged != nullptr) {
    rd_kafka_conf_set_opaque(conf, acknowledged);
    rd_kafka_conf_set_dr_msg_cb(conf, &OnDelivery);
  }
  Owned<rd_kafka_t> client(rd_kafka_new(type, conf, error, sizeof(error)));
  if (client == nullptr) return absl::InternalError(error);
  return client;
}

absl::Status Produce(rd_kafka_t* client, const std::string& topic, const std::string& value) {
  const rd_kafka_resp_err_t error =
      rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic.c_str()),
                        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("producing to ", topic, ": ", rd_kafka_err2str(error)));
}

absl::Status StatusOf(rd_kafka_error_t* error) {
  if (error == nullptr) return absl::OkStatus();
  const Owned<rd_kafka_error_t> owned(error);
  return absl::InternalError(rd_kafka_error_string(error));
}

void PrintLatency(const loadgen::LatencyHistogram& histogram) {
  absl::PrintF(R"({"count":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f})"
               "\n",
               histogram.count(), absl::ToDoubleMilliseconds(histogram.Quantile(0.5)),
               absl::ToDoubleMilliseconds(histogram.Quantile(0.99)),
               absl::ToDoubleMilliseconds(histogram.max()));
}

}  // namespace

absl::Status MakeTopic(const std::string& brokers, const std::string& topic, int partitions) {
  auto admin = platform::Admin::Create({.brokers = brokers, .client_id = "trama-bench"});
  if (!admin.ok()) return admin.status();
  const std::vector<platform::NewTopic> topics = {{.name = topic, .partitions = partitions}};
  absl::Status made = (*admin)->CreateTopics(topics, absl::Seconds(30));
  if (made.ok()) absl::PrintF("{\"partitions\":%d}\n", partitions);
  return made;
}

absl::Status MeasureAck(const std::string& brokers, const std::string& topic, int records) {
  Acknowledged acknowledged;
  auto client =
      Open(RD_KAFKA_PRODUCER, brokers,
           {{"acks", "all"}, {"enable.idempotence", "true"}, {"linger.ms", "0"}}, &acknowledged);
  if (!client.ok()) return client.status();
  loadgen::LatencyHistogram histogram;
  const std::string value(512, 'x');
  for (int i = 0; i < records; ++i) {
    const absl::Time begin = absl::Now();
    if (absl::Status status = Produce(client->get(), topic, value); !status.ok()) return status;
    while (acknowledged.records + acknowledged.failed <= i) rd_kafka_poll(client->get(), kWaitMs);
    if (i > records / 10) histogram.Record(absl::Now() - begin);  // The first ones connect.
  }
  if (acknowledged.failed > 0) return absl::UnavailableError("records were not acknowledged");
  PrintLatency(histogram);
  return absl::OkStatus();
}

absl::Status MeasureCommit(const std::string& brokers, const std::string& topic, int commits) {
  Acknowledged acknowledged;
  auto client = Open(RD_KAFKA_PRODUCER, brokers,
                     {{"acks", "all"}, {"transactional.id", "trama-bench"}, {"linger.ms", "0"}},
                     &acknowledged);
  if (!client.ok()) return client.status();
  rd_kafka_t* producer = client->get();
  absl::Status status = StatusOf(rd_kafka_init_transactions(producer, kWaitMs));
  loadgen::LatencyHistogram histogram;
  const std::string value(512, 'x');
  for (int i = 0; i < commits && status.ok(); ++i) {
    const absl::Time begin = absl::Now();
    status = StatusOf(rd_kafka_begin_transaction(producer));
    for (int j = 0; j < kRecordsPerCommit && status.ok(); ++j) {
      status = Produce(producer, topic, value);
    }
    if (status.ok()) status = StatusOf(rd_kafka_commit_transaction(producer, kWaitMs));
    if (i > commits / 10) histogram.Record(absl::Now() - begin);
  }
  if (status.ok()) PrintLatency(histogram);
  return status;
}

absl::Status MeasureThroughput(const std::string& brokers, const std::string& topic, int bytes,
                               double seconds, bool idempotent) {
  Acknowledged acknowledged;
  auto client = Open(RD_KAFKA_PRODUCER, brokers,
                     {{"acks", "all"},
                      {"enable.idempotence", idempotent ? "true" : "false"},
                      {"linger.ms", "5"}},
                     &acknowledged);
  if (!client.ok()) return client.status();
  const std::string value(static_cast<size_t>(bytes), 'x');
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + absl::Seconds(seconds);
  while (absl::Now() < end) {
    if (!Produce(client->get(), topic, value).ok()) rd_kafka_poll(client->get(), 10);
    rd_kafka_poll(client->get(), 0);
  }
  rd_kafka_flush(client->get(), kWaitMs);
  if (acknowledged.failed > 0) return absl::UnavailableError("records were not acknowledged");
  const double took = absl::ToDoubleSeconds(absl::Now() - begin);
  absl::PrintF(R"({"records":%d,"seconds":%.3f,"per_second":%.0f})"
               "\n",
               acknowledged.records, took, static_cast<double>(acknowledged.records) / took);
  return absl::OkStatus();
}

namespace {

struct Partitions {
  Owned<rd_kafka_topic_partition_list_t> list;
  std::vector<int64_t> ends;  // 0 when there is nothing to read.
  int64_t offsets = 0;        // In use, over all.
};

absl::StatusOr<Partitions> PartitionsOf(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, kWaitMs);
  rd_kafka_topic_destroy(handle);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return absl::UnavailableError(rd_kafka_err2str(error));
  const int count = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  Partitions partitions;
  partitions.list.reset(rd_kafka_topic_partition_list_new(count));
  for (int32_t number = 0; number < count; ++number) {
    int64_t low = 0, high = 0;
    rd_kafka_query_watermark_offsets(client, topic.c_str(), number, &low, &high, kWaitMs);
    rd_kafka_topic_partition_list_add(partitions.list.get(), topic.c_str(), number)->offset = low;
    partitions.ends.push_back(low == high ? 0 : high);
    partitions.offsets += high - low;
  }
  return partitions;
}

}  // namespace

absl::Status CountOffsets(const std::string& brokers, const std::string& topic) {
  auto client = Open(RD_KAFKA_CONSUMER, brokers, {{"group.id", "trama-bench"}}, nullptr);
  if (!client.ok()) return client.status();
  const auto partitions = PartitionsOf(client->get(), topic);
  if (!partitions.ok()) return partitions.status();
  absl::PrintF("{\"partitions\":%d,\"offsets\":%d}\n", partitions->ends.size(),
               partitions->offsets);
  return absl::OkStatus();
}

absl::Status MeasureRead(const std::string& brokers, const std::string& topic) {
  const absl::Time begin = absl::Now();
  auto client = Open(RD_KAFKA_CONSUMER, brokers,
                     {{"group.id", "trama-bench"},
                      {"enable.auto.commit", "false"},
                      {"enable.partition.eof", "true"},
                      {"fetch.wait.max.ms", "10"},
                      {"isolation.level", "read_committed"}},
                     nullptr);
  if (!client.ok()) return client.status();
  auto partitions = PartitionsOf(client->get(), topic);
  if (!partitions.ok()) return partitions.status();
  rd_kafka_assign(client->get(), partitions->list.get());
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client->get());
  size_t open = 0;
  for (const int64_t end : partitions->ends) open += end > 0 ? 1 : 0;
  int64_t records = 0, bytes = 0;
  std::vector<rd_kafka_message_t*> batch(1000);
  while (open > 0) {
    // It waits until the batch is full or the time is up: a short one at the end.
    const ssize_t taken = rd_kafka_consume_batch_queue(queue, kBatchMs, batch.data(), batch.size());
    if (taken < 0 || absl::Now() - begin > kReadMax) {
      return absl::UnavailableError(absl::StrCat("no end of ", topic, " in sight"));
    }
    for (ssize_t i = 0; i < taken; ++i) {
      const Owned<rd_kafka_message_t> message(batch[static_cast<size_t>(i)]);
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        int64_t& end = partitions->ends[static_cast<size_t>(message->partition)];
        if (end > 0 && message->offset >= end) {
          end = 0;
          --open;
        }
      } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++records;
        bytes += static_cast<int64_t>(message->len + message->key_len);
      }
    }
  }
  rd_kafka_queue_destroy(queue);
  absl::PrintF(R"({"records":%d,"bytes":%d,"seconds":%.4f})"
               "\n",
               records, bytes, absl::ToDoubleSeconds(absl::Now() - begin));
  return absl::OkStatus();
}

}  // namespace trama::bench
