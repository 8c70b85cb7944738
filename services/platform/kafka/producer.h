#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

struct ProducerOptions {
  // Records stay in order without a hole: a record is never given up (message_timeout is ignored),
  // and the first one that cannot be written stops the producer for good, so that none after it is
  // written either. For consumers that commit a position only after what came from it was written.
  bool gapless = false;
  // How long a record is tried before its delivery fails.
  absl::Duration message_timeout = absl::Seconds(30);
  // How long the first record of a batch waits for more. Not where `awaited`.
  absl::Duration linger = absl::Milliseconds(1);
  // Somebody waits for each record: the first leaves at once, and what comes while a broker has not
  // answered yet leaves together after that, so that batches grow with the load. They are not
  // compressed: LZ4 clears its tables for every batch, and few of these are large.
  bool awaited = false;
  // Records and KiB that wait for the broker; one more is RESOURCE_EXHAUSTED.
  int queue_records_max = 100'000;
  int queue_kib_max = 64 * 1024;
  // Whose threads serve the answers; it must live as long as the producer. Null: a thread of its
  // own does.
  boost::asio::io_context* io = nullptr;
  // Once, from the thread that serves the answers, when it can write no more (see health()).
  std::function<void(const absl::Status&)> on_fatal;
};

// Where a record came to lie.
struct Delivery {
  int32_t partition = 0;
  int64_t offset = 0;
};

// Writes records: idempotent, acknowledged by all in-sync replicas (acks=all), in order per
// partition. Thread-safe.
//
// The destructor does not wait: what is not yet acknowledged fails its callback with ABORTED (it
// may have been written nevertheless). Flush() before, where that matters.
class Producer {
 public:
  // From the thread that serves the answers; must be quick and must not destroy the producer.
  using DeliveryCallback = std::function<void(const absl::StatusOr<Delivery>&)>;

  static absl::StatusOr<std::unique_ptr<Producer>> Create(const KafkaConfig& config,
                                                          ProducerOptions options = {});
  virtual ~Producer() = default;

  // Queues one record for record.partition, or by key. An error means that it was not queued and
  // `done` is not called; otherwise `done` is called exactly once.
  virtual absl::Status Produce(const Record& record, DeliveryCallback done = nullptr) = 0;

  // Queues all; `done` is called exactly once, after the last of them was acknowledged or failed,
  // with the first error. It may be called before this returns.
  virtual void ProduceAll(const std::vector<Record>& records,
                          std::function<void(absl::Status)> done) = 0;

  // The same, waiting. After an error, DEADLINE_EXCEEDED too, some or all may have been written:
  // writing them again is a repeat that readers drop by id.
  virtual absl::Status ProduceAll(const std::vector<Record>& records, absl::Duration timeout) = 0;

  // Waits until nothing is queued any more: all was acknowledged or has failed.
  virtual absl::Status Flush(absl::Duration timeout) = 0;

  // The error that ended this producer, OK while it works.
  virtual absl::Status health() const = 0;

  // Records that are not yet acknowledged.
  virtual int queued() const = 0;
};

}  // namespace trama::platform
