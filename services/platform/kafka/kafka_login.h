#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::platform {

// So long a refusal must last. A broker that is starting refuses good passwords for a moment.
inline constexpr absl::Duration kKafkaLoginWait = absl::Seconds(5);

// Logs in once, so that a wrong password or certificate ends the start with a clear text: clients
// of librdkafka only log such and try for ever. UNAUTHENTICATED says what to mend, after `wait`. OK
// also when no broker is reachable: that is worth waiting for, as everywhere. Plaintext: OK at
// once.
absl::Status CheckKafkaLogin(const KafkaConfig& config, absl::Duration wait);

}  // namespace trama::platform
