#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/handles.h"

// Internal to this library: what every request of librdkafka's Admin API needs.
namespace trama::platform::kafka_internal {

using AdminOptionsHandle =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;

AdminOptionsHandle AdminOptions(const Client& client, rd_kafka_admin_op_t operation,
                                absl::Duration timeout);

// The answer, or why there is none; `doing` is for the text.
absl::StatusOr<EventHandle> WaitForAnswer(const Client& client, const QueueHandle& queue,
                                          absl::Time deadline, const std::string& doing);

// What librdkafka wants to have as an array.
template <typename Handle>
auto Pointers(const std::vector<Handle>& handles) {
  std::vector<typename Handle::pointer> pointers;
  for (const Handle& handle : handles) pointers.push_back(handle.get());
  return pointers;
}

}  // namespace trama::platform::kafka_internal
