#include "services/platform/redis/redis_flags.h"

#include "absl/flags/flag.h"
#include "services/platform/base/common_flags.h"

ABSL_FLAG(std::string, redis_username, "", "The user of Redis' access list; empty: its default.");
ABSL_FLAG(std::string, redis_password, "", "Where the password is: file:<path> or env:<name>.");
ABSL_FLAG(bool, redis_tls, false, "Reach Redis with TLS.");
ABSL_FLAG(std::string, redis_ca_file, "",
          "PEM file of the authorities that Redis' certificate must come from. Empty: the "
          "system's.");
ABSL_FLAG(std::string, redis_cert_file, "", "PEM file of our certificate, for mutual TLS.");
ABSL_FLAG(std::string, redis_key_file, "", "PEM file of its key, for mutual TLS.");

namespace trama::platform {

absl::StatusOr<RedisOptions> RedisOptionsFromFlags(Metrics* metrics) {
  absl::StatusOr<RedisOptions> options = ParseRedisAddress(absl::GetFlag(FLAGS_redis));
  if (!options.ok()) return options;
  options->metrics = metrics;
  if (const std::string user = absl::GetFlag(FLAGS_redis_username); !user.empty()) {
    options->username = user;
  }
  if (const std::string reference = absl::GetFlag(FLAGS_redis_password); !reference.empty()) {
    absl::StatusOr<std::string> password = ResolveSecret(reference);
    if (!password.ok()) return password.status();
    options->password = *std::move(password);
  }
  if (absl::GetFlag(FLAGS_redis_tls) || options->tls.has_value()) {
    options->tls = TlsClientOptions{.ca_file = absl::GetFlag(FLAGS_redis_ca_file),
                                    .certificate_file = absl::GetFlag(FLAGS_redis_cert_file),
                                    .key_file = absl::GetFlag(FLAGS_redis_key_file)};
  }
  return options;
}

void CheckRedisFlags(Mistakes& mistakes) {
  const absl::StatusOr<RedisOptions> options = RedisOptionsFromFlags(nullptr);
  mistakes.AddStatus("redis", options.status());
  if (!options.ok()) return;
  mistakes.Require(options->username.empty() || !options->password.empty(),
                   "--redis_username needs --redis_password=file:<path> or env:<name>");
  const bool cert = !absl::GetFlag(FLAGS_redis_cert_file).empty();
  const bool key = !absl::GetFlag(FLAGS_redis_key_file).empty();
  mistakes.Require(cert == key,
                   "--redis_cert_file and --redis_key_file go together, give both or none");
  if (options->tls.has_value()) {
    mistakes.AddStatus("redis_ca_file", MakeClientTls(*options->tls).status());
  } else {
    mistakes.Require(!cert && absl::GetFlag(FLAGS_redis_ca_file).empty(),
                     "--redis_ca_file and --redis_cert_file need --redis_tls");
  }
}

}  // namespace trama::platform
