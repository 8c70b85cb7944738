#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/profile/row_store.h"

namespace trama::profile {

// Plays topic `profiles` into Redis, whatever the markers say. A row that is newer there stays; a
// tombstone erases. What interactions, messages and conversations belong to is learned again from
// the entries. Not thread-safe. Blocks.
class RowPlayer {
 public:
  RowPlayer(const platform::KafkaConfig& kafka, std::string topic, int32_t partitions,
            RowStore& store, platform::Metrics& metrics);

  // Everything that stands there now; the number of records. `keep_on` is asked at least every
  // second and ends it with CANCELLED.
  absl::StatusOr<int64_t> Play(const std::function<bool()>& keep_on);

 private:
  absl::Status Put(const std::vector<platform::Record>& records);
  absl::Status Erase(const RowKey& key);

  const platform::KafkaConfig kafka_;
  const std::string topic_;
  const int32_t partitions_;
  RowStore& store_;
  platform::CounterFamily& rows_;
  platform::CounterFamily& unreadable_;
};

}  // namespace trama::profile
