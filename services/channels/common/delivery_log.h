#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/delivery_plan.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::channels {

// The Kafka side of one partition number of delivery, from one takeover to the next: what it reads
// and what it writes. One thread, but for the consumer's Wake().
class DeliveryLog {
 public:
  // `options` with all names filled in. All must outlive it.
  DeliveryLog(const platform::KafkaConfig& kafka, const DeliveryLoopOptions& options,
              const platform::Clock& clock, int32_t number);

  // Takes the number over. After it nobody else can write deliveries of this channel and number;
  // everything that an earlier owner wrote since the oldest unfinished message was given to
  // `on_past` in the order of the log, and Poll() begins at that message.
  absl::Status TakeOver(const std::function<void(const delivery::v1::Delivery&)>& on_past);

  platform::Consumer& consumer() { return *consumer_; }

  // New records of both topics. Wakes early, see Consumer::Poll.
  absl::StatusOr<platform::RecordBatch> Poll(absl::Duration timeout);
  bool IsOutbound(const platform::Record& record) const;

  // Stops or goes on reading messages; receipts are always read.
  absl::Status SetReading(bool wanted);

  // One transaction; empty ones are not made. `on_produced` runs before the commit.
  absl::Status Commit(const std::vector<DeliveryRecord>& records,
                      const std::vector<platform::Record>& dead_letters, absl::Time now,
                      const std::function<void()>& on_produced);

  // Everything below is finished: where the next owner begins. Cheap when nothing has changed.
  absl::Status CommitPosition(std::optional<int64_t> oldest_open);
  // Has everything been read that stood in the outbound topic at the takeover?
  bool PastIsRead() const;

 private:
  absl::Status FindStart();
  absl::Status ReadPast(const std::function<void(const delivery::v1::Delivery&)>& on_past);
  void NoteTimestamps(const platform::RecordBatch& batch);
  absl::StatusOr<platform::Record> ToRecord(const DeliveryRecord& said, absl::Time now) const;

  const platform::KafkaConfig& kafka_;
  const DeliveryLoopOptions& options_;
  const platform::Clock& clock_;
  const int32_t number_;
  const platform::TopicPartition outbound_;
  const platform::TopicPartition deliveries_;
  std::unique_ptr<platform::TransactionalProducer> producer_;
  std::unique_ptr<platform::Consumer> consumer_;
  int64_t start_ = 0;             // Of the outbound messages.
  int64_t outbound_end_ = 0;      // At the takeover.
  int64_t deliveries_start_ = 0;  // Where new receipts begin.
  int64_t committed_ = platform::kOffsetUnknown;
  // Of the outbound records read so far: deliveries are never stamped earlier, so that they are
  // found by the time of their message.
  absl::Time newest_outbound_ = absl::InfinitePast();
  bool reading_ = true;
};

}  // namespace trama::channels
