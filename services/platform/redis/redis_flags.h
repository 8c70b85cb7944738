#pragma once

#include <string>

#include "absl/flags/declare.h"
#include "absl/status/statusor.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/settings.h"
#include "services/platform/redis/redis_client.h"

// How to get into Redis; where it is says --redis (base/common_flags.h).
ABSL_DECLARE_FLAG(std::string, redis_username);
ABSL_DECLARE_FLAG(std::string, redis_password);  // A reference: "file:..." or "env:...".
ABSL_DECLARE_FLAG(bool, redis_tls);
ABSL_DECLARE_FLAG(std::string, redis_ca_file);
ABSL_DECLARE_FLAG(std::string, redis_cert_file);
ABSL_DECLARE_FLAG(std::string, redis_key_file);

namespace trama::platform {

// What the flags say; the password is read here, which can fail. `metrics` may be null.
absl::StatusOr<RedisOptions> RedisOptionsFromFlags(Metrics* metrics);

// A validator for StartSettings: everything that is wrong with the flags above and --redis.
void CheckRedisFlags(Mistakes& mistakes);

}  // namespace trama::platform
