#include "services/platform/kafka/admin_call.h"

#include <array>

#include "absl/time/clock.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform::kafka_internal {

AdminOptionsHandle AdminOptions(const Client& client, rd_kafka_admin_op_t operation,
                                absl::Duration timeout) {
  AdminOptionsHandle options(rd_kafka_AdminOptions_new(client.get(), operation));
  std::array<char, 256> error = {};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), Milliseconds(timeout), error.data(),
                                            error.size());
  return options;
}

absl::StatusOr<EventHandle> WaitForAnswer(const Client& client, const QueueHandle& queue,
                                          absl::Time deadline, const std::string& doing) {
  EventHandle event(rd_kafka_queue_poll(queue.get(), Milliseconds(deadline - absl::Now())));
  if (event == nullptr) return StatusOf(RD_KAFKA_RESP_ERR__TIMED_OUT, doing + " in time");
  const char* text = rd_kafka_event_error_string(event.get());
  const absl::Status status =
      client.Error(rd_kafka_event_error(event.get()), doing, text == nullptr ? "" : text);
  if (!status.ok()) return status;
  return event;
}

}  // namespace trama::platform::kafka_internal
