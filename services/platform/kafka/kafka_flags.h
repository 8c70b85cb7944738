#pragma once

#include <string_view>

#include "absl/flags/declare.h"
#include "services/platform/kafka/kafka_config.h"

// --kafka_brokers, --kafka_security_protocol, --kafka_ca_file, --kafka_certificate_file,
// --kafka_key_file, --kafka_sasl_mechanism, --kafka_sasl_username, --kafka_sasl_password_file,
// --topics_file, --topics_cluster.
ABSL_DECLARE_FLAG(std::string, kafka_brokers);
ABSL_DECLARE_FLAG(std::string, topics_file);
ABSL_DECLARE_FLAG(std::string, topics_cluster);

namespace trama::platform {

// What the flags say. Validate it with ValidateKafkaConfig at start.
KafkaConfig KafkaConfigFromFlags(std::string_view client_id);

}  // namespace trama::platform
