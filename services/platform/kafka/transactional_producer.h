#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

struct TransactionalOptions {
  // Names the owner of a partition across processes: "trama-<service>-<partition>".
  std::string transactional_id;
  // The broker ends a transaction of a dead owner after this time; at most 15 minutes.
  absl::Duration transaction_timeout = absl::Seconds(10);
  // For requests that are refused; librdkafka's default is 100 ms.
  absl::Duration retry_backoff = absl::Milliseconds(2);
  int queue_records_max = 100'000;
  int queue_kib_max = 64 * 1024;
};

// Writes records in transactions: readers with read_committed see all records of one or none.
//
//   Init() once. Then Begin(), Produce()..., Commit() again and again.
//
// Errors carry a KafkaErrorKind: kAbortable → Abort() and begin anew (after a record that the
// broker refused, librdkafka wants that twice); kFenced → another owner called Init() with
// the same id, nothing of this transaction will ever be seen; kFatal → destroy. A commit that fails
// as kRetriable (a time-out) is in doubt: call Commit() again, or destroy the producer and Init() a
// new one with the same id, which settles it one way or the other.
//
// Not thread-safe: one caller at a time. Destroying it leaves an open transaction open until the
// next Init() of that id or until transaction_timeout.
class TransactionalProducer {
 public:
  static absl::StatusOr<std::unique_ptr<TransactionalProducer>> Create(
      const KafkaConfig& config, TransactionalOptions options);
  virtual ~TransactionalProducer() = default;

  // Fences every earlier producer of this transactional id and ends its open transaction. When it
  // returns OK, the outcome of everything the earlier one did is settled.
  virtual absl::Status Init(absl::Duration timeout) = 0;

  // Fetches what is needed to write to these topics, so that the first transaction is not late by
  // a second. NOT_FOUND names a missing topic.
  virtual absl::Status PrefetchMetadata(const std::vector<std::string>& topics,
                                        absl::Duration timeout) = 0;

  virtual absl::Status Begin() = 0;

  // Queues a record for the open transaction. Delivery errors show in Commit().
  virtual absl::Status Produce(const Record& record) = 0;

  // Writes what is queued and commits. OK: everything is durable. Readers see it as soon as the
  // broker has written its markers, usually a few milliseconds later (see Watermarks::high).
  virtual absl::Status Commit(absl::Duration timeout) = 0;

  // Withdraws the open transaction. Retriable after a time-out.
  virtual absl::Status Abort(absl::Duration timeout) = 0;
};

}  // namespace trama::platform
