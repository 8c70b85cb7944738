#pragma once

#include <string>
#include <string_view>

#include "absl/flags/declare.h"
#include "absl/status/statusor.h"
#include "services/platform/base/settings.h"
#include "services/platform/kafka/kafka_config.h"

// Where Kafka is, how to get in, our slot in its groups, and the topics.
ABSL_DECLARE_FLAG(std::string, kafka_brokers);  // "host:port,host:port"
ABSL_DECLARE_FLAG(std::string, kafka_security_protocol);
ABSL_DECLARE_FLAG(std::string, kafka_ca_file);
ABSL_DECLARE_FLAG(std::string, kafka_cert_file);
ABSL_DECLARE_FLAG(std::string, kafka_key_file);
ABSL_DECLARE_FLAG(std::string, kafka_sasl_mechanism);
ABSL_DECLARE_FLAG(std::string, kafka_sasl_username);
ABSL_DECLARE_FLAG(std::string, kafka_sasl_password);  // A reference: "file:..." or "env:...".
ABSL_DECLARE_FLAG(std::string, group_instance);       // Empty: none.
ABSL_DECLARE_FLAG(std::string, topics_file);
ABSL_DECLARE_FLAG(std::string, topics_cluster);

namespace trama::platform {

// What the flags say. `client_id` names this process to the broker, for example "routing-0". The
// password is read here, which can fail; librdkafka's lines go to the log of platform/base.
absl::StatusOr<KafkaConfig> KafkaConfigFromFlags(std::string_view client_id);

// The same at the start of a service, once the brokers let us in with it: a wrong password or
// certificate is UNAUTHENTICATED here (kafka_login.h), where later clients would try for ever.
absl::StatusOr<KafkaConfig> LogInToKafka(std::string_view client_id);

// A validator for StartSettings: everything that is wrong with the flags above.
void CheckKafkaFlags(Mistakes& mistakes);

}  // namespace trama::platform
