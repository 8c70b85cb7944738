#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/kafka/record.h"
#include "trama/deadletter/v1/deadletter.pb.h"

// What a dead letter becomes when it is put back. Without I/O but for `fetch`.
namespace trama::tramactl {

// A dead letter and where it stands.
struct Letter {
  int32_t partition = 0;
  int64_t offset = 0;
  deadletter::v1::DeadLetter letter;
};

// The record at a place, from Kafka; NOT_FOUND when it is gone.
using FetchRecord =
    std::function<absl::StatusOr<platform::Record>(const platform::TopicPartitionOffset&)>;

// The record to write so that what was given up is tried again: the original with its key and
// headers, at its partition, with the count of requeues raised by one.
//
// An interaction that the routing engine gave up goes back to trama.interactions.v1, since the
// engine passes no position of it twice.
//
// FAILED_PRECONDITION when it did not come from a topic, or, unless `force`, when readers of its
// topic take each record for a fact of its own (everything that engines write), so that those who
// had read it would count it twice.
absl::StatusOr<platform::Record> RequeuedRecord(const Letter& letter, bool force,
                                                const FetchRecord& fetch);

}  // namespace trama::tramactl
