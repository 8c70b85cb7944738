#pragma once

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/handles.h"
#include "services/platform/kafka/record.h"

// Internal to this library: questions about offsets, for every kind of client that reads.
namespace trama::platform::kafka_internal {

// The end of each partition, as `client`'s isolation level sees it.
absl::StatusOr<std::vector<TopicPartitionOffset>> AskEnds(
    Client& client, const std::vector<TopicPartition>& partitions, absl::Duration timeout);

// The first offset at or after each time, the end where there is none.
absl::StatusOr<std::vector<TopicPartitionOffset>> AskOffsetsForTimes(
    Client& client, const std::vector<std::pair<TopicPartition, absl::Time>>& times,
    absl::Duration timeout);

}  // namespace trama::platform::kafka_internal
