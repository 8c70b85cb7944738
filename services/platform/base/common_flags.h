#pragma once

#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/time/time.h"
#include "services/platform/base/settings.h"

// The settings that several services share, declared once so that one configuration file serves
// them all. A service validates the ones it uses through CheckCommonFlags.

// What every program has (settings.cc, log.cc).
ABSL_DECLARE_FLAG(std::string, config_file);
ABSL_DECLARE_FLAG(bool, check);
ABSL_DECLARE_FLAG(bool, version);
ABSL_DECLARE_FLAG(std::string, log_level);  // debug, info, warning, error

// Doors.
ABSL_DECLARE_FLAG(std::string, admin_listen);    // HTTP: /livez /readyz /metrics
ABSL_DECLARE_FLAG(std::string, grpc_listen);     // host:port; port 0 picks a free one
ABSL_DECLARE_FLAG(std::string, grpc_advertise);  // What others dial; empty: the listen address

// Dependencies.
// (--kafka_brokers and its like: services/platform/kafka/kafka_flags.h.)
ABSL_DECLARE_FLAG(std::string, redis);            // "host:port"
ABSL_DECLARE_FLAG(std::string, blob_dir);         // A folder,
ABSL_DECLARE_FLAG(std::string, blob_url);         // or a place of any kind.
ABSL_DECLARE_FLAG(std::string, blob_access_key);  // References, never the keys.
ABSL_DECLARE_FLAG(std::string, blob_secret_key);
ABSL_DECLARE_FLAG(std::string, scratch_dir);        // Empty: the system's.
ABSL_DECLARE_FLAG(std::string, profile_address);    // "host:port[,host:port]"
ABSL_DECLARE_FLAG(std::string, config_address);     // "host:port[,host:port]"
ABSL_DECLARE_FLAG(std::string, routing_address);    // "host:port[,host:port]"
ABSL_DECLARE_FLAG(std::string, sla_address);        // "host:port[,host:port]"
ABSL_DECLARE_FLAG(std::string, reporting_address);  // "host:port[,host:port]"

// Credentials.
ABSL_DECLARE_FLAG(std::string, tokens_file);         // Who may call us.
ABSL_DECLARE_FLAG(std::string, service_token_file);  // How we call others.
ABSL_DECLARE_FLAG(std::string, tls_cert_file);       // PEM; empty: no TLS.
ABSL_DECLARE_FLAG(std::string, tls_key_file);
ABSL_DECLARE_FLAG(std::string, tls_ca_file);  // Whom we trust, as client and as server.
ABSL_DECLARE_FLAG(bool, tls_require_client_cert);

// Limits and times.
ABSL_DECLARE_FLAG(absl::Duration, drain_delay);    // Not ready, but still serving.
ABSL_DECLARE_FLAG(absl::Duration, drain_timeout);  // The whole drain; then the process ends anyhow.
ABSL_DECLARE_FLAG(int32_t, io_threads);
ABSL_DECLARE_FLAG(int32_t, worker_threads);
ABSL_DECLARE_FLAG(int32_t, worker_queue_max);
ABSL_DECLARE_FLAG(int32_t, grpc_calls_max);    // Unary calls under way at once.
ABSL_DECLARE_FLAG(int32_t, grpc_streams_max);  // Streams open at once.
ABSL_DECLARE_FLAG(int32_t, grpc_message_bytes_max);
ABSL_DECLARE_FLAG(absl::Duration, grpc_deadline_default);
ABSL_DECLARE_FLAG(absl::Duration, grpc_deadline_max);

namespace trama::platform {

// Names the common settings that a service cannot run without.
enum class CommonFlag {
  kRedis,
  kBlobDir,  // --blob_dir or --blob_url.
  kScratchDir,
  kProfileAddress,
  kConfigAddress,
  kRoutingAddress,
  kSlaAddress,
  kReportingAddress,
  kTokensFile,
  kServiceTokenFile,
};

// Where temporary files go.
std::string ScratchFolder();

// Adds a mistake for each of `needed` that is missing, for each address that has not the right
// form, each limit or time that is out of range and each file of credentials that cannot be used.
void CheckCommonFlags(const std::vector<CommonFlag>& needed, Mistakes& mistakes);

}  // namespace trama::platform
