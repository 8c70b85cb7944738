#pragma once

#include <librdkafka/rdkafka.h>

#include <string>

#include "absl/status/status.h"
#include "services/platform/kafka/kafka_error.h"

// Internal to this library: from librdkafka's codes to statuses.
namespace trama::platform::kafka_internal {

// "cannot <doing>: <librdkafka's text> (<name>)"; the kind follows from the code.
absl::Status StatusOf(rd_kafka_resp_err_t code, const std::string& doing,
                      const std::string& detail = {});

// The same with a kind that is known better.
absl::Status StatusOf(rd_kafka_resp_err_t code, KafkaErrorKind kind, const std::string& doing,
                      const std::string& detail = {});

// Does this code say that another client has taken over?
bool IsFencing(rd_kafka_resp_err_t code);

}  // namespace trama::platform::kafka_internal
