#include "services/platform/kafka/producer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/answer_port.h"
#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/handles.h"

namespace trama::platform {
namespace {

using kafka_internal::Client;
using kafka_internal::QueueHandle;

constexpr absl::Duration kEventWait = absl::Milliseconds(500);
constexpr absl::Duration kServeEvery = absl::Milliseconds(10);
constexpr absl::Duration kMetadataWait = absl::Seconds(2);
// How long the destructor lets withdrawn records report back.
constexpr absl::Duration kPurgeWaitMax = absl::Seconds(5);

class KafkaProducer final : public Producer {
 public:
  explicit KafkaProducer(ProducerOptions options) : options_(std::move(options)) {}

  ~KafkaProducer() override {
    if (client_.get() == nullptr) return;
    stopping_ = true;
    if (port_ != nullptr) port_->Close();
    if (poller_.joinable()) {
      rd_kafka_queue_yield(events_.get());
      poller_.join();
    }
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), Milliseconds(kPurgeWaitMax));
    events_.reset();
    client_.Close();
  }

  absl::Status Open(const KafkaConfig& config) {
    Client::Settings settings(config);
    settings.Set("enable.idempotence", "true");
    settings.Set("partitioner", "murmur2_random");
    settings.Set("compression.codec", options_.awaited ? "none" : "lz4");
    settings.Set("linger.ms", options_.awaited ? absl::ZeroDuration() : options_.linger);
    if (options_.awaited) settings.Set("max.in.flight.requests.per.connection", int64_t{1});
    settings.Set("queue.buffering.max.messages", int64_t{options_.queue_records_max});
    settings.Set("queue.buffering.max.kbytes", int64_t{options_.queue_kib_max});
    if (options_.gapless) {
      // The guarantee stops the batches behind a refused one, which are on their way already.
      settings.Set("message.timeout.ms", int64_t{0});
      settings.Set("enable.gapless.guarantee", "true");
    } else {
      settings.Set("message.timeout.ms", options_.message_timeout);
    }
    rd_kafka_conf_set_dr_msg_cb(settings.get(), &KafkaProducer::OnDelivery);
    rd_kafka_conf_set_error_cb(settings.get(), &KafkaProducer::OnError);
    const absl::Status opened = client_.Open(RD_KAFKA_PRODUCER, std::move(settings), this);
    if (!opened.ok()) return opened;
    if (options_.io != nullptr) {
      auto port = kafka_internal::AnswerPort::Open(*options_.io, client_.get());
      if (!port.ok()) return port.status();
      port_ = *std::move(port);
      return absl::OkStatus();
    }
    events_.reset(rd_kafka_queue_get_main(client_.get()));
    poller_ = std::thread([this] {
      while (!stopping_) rd_kafka_poll(client_.get(), Milliseconds(kEventWait));
    });
    return absl::OkStatus();
  }

  absl::Status Produce(const Record& record, DeliveryCallback done) override {
    std::unique_ptr<Answer> answer;
    if (done) answer = std::make_unique<Answer>(Answer{.delivered = std::move(done)});
    return Queue(record, answer);
  }

  void ProduceAll(const std::vector<Record>& records,
                  std::function<void(absl::Status)> done) override {
    if (records.size() == 1) return ProduceOne(records.front(), std::move(done));
    // Shared by the callbacks; the call itself holds one share, so that `done` is not called
    // before all are queued.
    struct Batch {
      std::mutex mutex;
      size_t open;
      absl::Status first_error;
      std::function<void(absl::Status)> done;

      void Settle(const absl::Status& status) {
        {
          const std::lock_guard lock(mutex);
          if (first_error.ok()) first_error = status;
          if (--open > 0) return;
        }
        done(first_error);
      }
    };
    auto batch = std::make_shared<Batch>();
    batch->open = records.size() + 1;
    batch->done = std::move(done);
    absl::Status queued;
    for (const Record& record : records) {
      // After the first that cannot be queued none follows, so that order is kept.
      if (queued.ok()) {
        queued = Produce(record, [batch](const absl::StatusOr<Delivery>& delivery) {
          batch->Settle(delivery.status());
        });
      }
      if (!queued.ok()) batch->Settle(queued);
    }
    batch->Settle(absl::OkStatus());
  }

  absl::Status ProduceAll(const std::vector<Record>& records, absl::Duration timeout) override {
    struct Outcome {
      std::mutex mutex;
      std::condition_variable changed;
      bool settled = false;
      absl::Status status;
    };
    auto outcome = std::make_shared<Outcome>();  // Outlives a call that has timed out.
    ProduceAll(records, [outcome](absl::Status status) {
      const std::lock_guard lock(outcome->mutex);
      outcome->settled = true;
      outcome->status = std::move(status);
      outcome->changed.notify_all();
    });
    std::unique_lock lock(outcome->mutex);
    if (!outcome->changed.wait_for(lock, absl::ToChronoMilliseconds(timeout),
                                   [&] { return outcome->settled; })) {
      return kafka_internal::StatusOf(RD_KAFKA_RESP_ERR__TIMED_OUT, "write all records in time");
    }
    return outcome->status;
  }

  absl::Status Flush(absl::Duration timeout) override {
    const absl::Time until = absl::Now() + timeout;
    std::unique_lock lock(mutex_);
    while (queued_ > 0) {
      const absl::Duration left = until - absl::Now();
      if (left <= absl::ZeroDuration()) {
        return kafka_internal::StatusOf(RD_KAFKA_RESP_ERR__TIMED_OUT, "flush in time");
      }
      // The threads that serve the port may have stopped already.
      const absl::Duration wait = port_ == nullptr ? left : std::min(left, kServeEvery);
      drained_.wait_for(lock, absl::ToChronoMilliseconds(wait), [&] { return queued_ == 0; });
      if (port_ == nullptr) continue;
      lock.unlock();
      port_->Serve();
      lock.lock();
    }
    return health_;
  }

  absl::Status health() const override {
    const std::lock_guard lock(mutex_);
    return health_;
  }

  int queued() const override {
    const std::lock_guard lock(mutex_);
    return queued_;
  }

 private:
  // Who is told about one record: one of them.
  struct Answer {
    DeliveryCallback delivered;
    std::function<void(absl::Status)> settled;
  };

  // Takes `answer`, unless the record cannot be queued.
  absl::Status Queue(const Record& record, std::unique_ptr<Answer>& answer) {
    {
      const std::lock_guard lock(mutex_);
      if (!health_.ok()) return health_;
      ++queued_;
    }
    absl::Status sent = client_.Send(record, answer.get());
    // Topics grow while we run, and librdkafka would notice within minutes.
    if (absl::IsNotFound(sent) && client_.RefreshMetadata(record.topic, kMetadataWait).ok()) {
      sent = client_.Send(record, answer.get());
    }
    if (sent.ok()) {
      answer.release();  // OnDelivery takes it back.
    } else {
      OneLess();
    }
    return sent;
  }

  void ProduceOne(const Record& record, std::function<void(absl::Status)> done) {
    auto answer = std::make_unique<Answer>();
    answer->settled = std::move(done);
    const absl::Status queued = Queue(record, answer);
    if (!queued.ok()) answer->settled(queued);
  }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    Client::Owner<KafkaProducer>(opaque).Delivered(*message);
  }

  static void OnError(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
    KafkaProducer& producer = Client::Owner<KafkaProducer>(opaque);
    constexpr int kError = 3;
    constexpr int kWarning = 4;
    if (code != RD_KAFKA_RESP_ERR__FATAL) {
      producer.client_.Log(kWarning, rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code)),
                           reason);
      return;
    }
    std::array<char, 512> text = {};
    rd_kafka_fatal_error(handle, text.data(), text.size());
    producer.client_.Log(kError, "FATAL", text.data());
    producer.Fail(producer.client_.Error(RD_KAFKA_RESP_ERR__FATAL, "write any more"));
  }

  void Delivered(const rd_kafka_message_t& message) {
    const std::unique_ptr<Answer> answer(static_cast<Answer*>(message._private));
    absl::StatusOr<Delivery> outcome = Delivery{message.partition, message.offset};
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      outcome =
          client_.Error(message.err, std::string("write to ") + rd_kafka_topic_name(message.rkt));
      // Before the callback, so that nothing can be produced behind the hole.
      if (options_.gapless && !stopping_) Fail(outcome.status());
    }
    if (answer != nullptr && answer->delivered) answer->delivered(outcome);
    if (answer != nullptr && answer->settled) answer->settled(outcome.status());
    OneLess();
  }

  // The end of this producer: nothing that is still queued may be written after the hole.
  void Fail(const absl::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (!health_.ok()) return;
      health_ = status;
    }
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
    if (options_.on_fatal) options_.on_fatal(status);
  }

  void OneLess() {
    const std::lock_guard lock(mutex_);
    if (--queued_ == 0) drained_.notify_all();
  }

  const ProducerOptions options_;
  Client client_;
  // One of them serves the answers: a port, or a thread that waits at a queue.
  std::shared_ptr<kafka_internal::AnswerPort> port_;
  QueueHandle events_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::condition_variable drained_;
  int queued_ = 0;       // Guarded by mutex_.
  absl::Status health_;  // Guarded by mutex_.
  std::thread poller_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Producer>> Producer::Create(const KafkaConfig& config,
                                                           ProducerOptions options) {
  auto producer = std::make_unique<KafkaProducer>(std::move(options));
  const absl::Status opened = producer->Open(config);
  if (!opened.ok()) return opened;
  return producer;
}

}  // namespace trama::platform
