#include "services/platform/base/common_flags.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform/base/file_archive.h"
#include "services/platform/base/server_address.h"
#include "services/platform/base/tokens.h"

ABSL_FLAG(std::string, admin_listen, "127.0.0.1:0",
          "host:port of the HTTP server for /livez, /readyz and /metrics");
ABSL_FLAG(std::string, grpc_listen, "127.0.0.1:0", "host:port of the gRPC server");
ABSL_FLAG(std::string, grpc_advertise, "",
          "host:port that other replicas dial; empty: the address listened on");

ABSL_FLAG(std::string, redis, "127.0.0.1:6379", "Redis: host:port or redis://…");
ABSL_FLAG(std::string, blob_dir, "", "folder of the blob store; for other places --blob_url");
ABSL_FLAG(std::string, blob_url, "",
          "the blob store: file:///path or s3://bucket/prefix?region=…&endpoint=http://host:port");
ABSL_FLAG(std::string, blob_access_key, "",
          "reference to the access key of S3: file:/path or env:NAME");
ABSL_FLAG(std::string, blob_secret_key, "",
          "reference to the secret key of S3: file:/path or env:NAME");
ABSL_FLAG(std::string, scratch_dir, "", "folder for temporary files; empty: the system's");
ABSL_FLAG(std::string, profile_address, "", "gRPC of profile: host:port[,host:port]");
ABSL_FLAG(std::string, config_address, "", "gRPC of config: host:port[,host:port]");
ABSL_FLAG(std::string, routing_address, "", "gRPC of routing: host:port[,host:port]");
ABSL_FLAG(std::string, sla_address, "", "gRPC of sla: host:port[,host:port]");
ABSL_FLAG(std::string, reporting_address, "", "gRPC of reporting: host:port[,host:port]");

ABSL_FLAG(std::string, tokens_file, "", "JSON file of the bearer tokens that may call us");
ABSL_FLAG(std::string, service_token_file, "", "file with our own bearer token for other services");
ABSL_FLAG(std::string, tls_cert_file, "", "PEM certificate chain; empty: gRPC without TLS");
ABSL_FLAG(std::string, tls_key_file, "", "PEM private key of --tls_cert_file");
ABSL_FLAG(std::string, tls_ca_file, "", "PEM authorities that we trust");
ABSL_FLAG(bool, tls_require_client_cert, false, "callers must show a certificate (mTLS)");

ABSL_FLAG(absl::Duration, drain_delay, absl::ZeroDuration(),
          "how long to serve on as not ready, so that load balancers notice");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(20),
          "time for the whole drain; then the process ends anyhow");
// One is cheaper than two that wake each other up (a fifth of the CPU time of a message at a door)
// and carries thousands of messages a second; then more replicas help better.
ABSL_FLAG(int32_t, io_threads, 1, "threads for HTTP, Redis and timers");
ABSL_FLAG(int32_t, worker_threads, 8, "threads for calls that block");
ABSL_FLAG(int32_t, worker_queue_max, 1000, "calls that may wait for a worker thread");
ABSL_FLAG(int32_t, grpc_calls_max, 2000, "unary calls under way at once");
ABSL_FLAG(int32_t, grpc_streams_max, 5000, "streams open at once");
ABSL_FLAG(int32_t, grpc_message_bytes_max, 4 << 20, "bytes of one request message");
ABSL_FLAG(absl::Duration, grpc_deadline_default, absl::Seconds(10),
          "deadline of calls that bring none");
ABSL_FLAG(absl::Duration, grpc_deadline_max, absl::Seconds(60), "longest deadline of a call");

namespace trama::platform {
namespace {

constexpr int32_t kThreadsMax = 64;
constexpr int32_t kCountMax = 1'000'000;
constexpr int32_t kMessageBytesMax = 256 << 20;

std::string NeededButEmpty(std::string_view flag, std::string_view example) {
  return absl::StrCat("--", std::string(flag), " is needed but empty, for example --",
                      std::string(flag), "=", std::string(example));
}

void CheckText(std::string_view flag, const std::string& value, std::string_view example,
               Mistakes& mistakes) {
  mistakes.Require(!value.empty(), NeededButEmpty(flag, example));
}

void CheckAddresses(std::string_view flag, const std::string& value, std::string_view example,
                    bool needed, Mistakes& mistakes) {
  if (!value.empty()) {
    mistakes.AddStatus(flag, ParseServerAddresses(value).status());
  } else if (needed) {
    mistakes.Add(NeededButEmpty(flag, example));
  }
}

void CheckListen(std::string_view flag, const std::string& value, Mistakes& mistakes) {
  mistakes.AddStatus(flag, ParseServerAddress(value, /*allow_port_zero=*/true).status());
}

void CheckCount(std::string_view flag, int32_t value, int32_t most, Mistakes& mistakes) {
  mistakes.Require(value >= 1 && value <= most, absl::StrCat("--", std::string(flag), " is ", value,
                                                             " but must be from 1 to ", most));
}

void CheckDuration(std::string_view flag, absl::Duration value, absl::Duration least,
                   absl::Duration most, Mistakes& mistakes) {
  mistakes.Require(value >= least && value <= most,
                   absl::StrCat("--", std::string(flag), " is ", absl::FormatDuration(value),
                                " but must be from ", absl::FormatDuration(least), " to ",
                                absl::FormatDuration(most)));
}

void CheckLimits(Mistakes& mistakes) {
  CheckCount("io_threads", absl::GetFlag(FLAGS_io_threads), kThreadsMax, mistakes);
  CheckCount("worker_threads", absl::GetFlag(FLAGS_worker_threads), kThreadsMax, mistakes);
  CheckCount("worker_queue_max", absl::GetFlag(FLAGS_worker_queue_max), kCountMax, mistakes);
  CheckCount("grpc_calls_max", absl::GetFlag(FLAGS_grpc_calls_max), kCountMax, mistakes);
  CheckCount("grpc_streams_max", absl::GetFlag(FLAGS_grpc_streams_max), kCountMax, mistakes);
  CheckCount("grpc_message_bytes_max", absl::GetFlag(FLAGS_grpc_message_bytes_max),
             kMessageBytesMax, mistakes);

  const absl::Duration zero = absl::ZeroDuration();
  const absl::Duration least = absl::Milliseconds(1);
  const absl::Duration hour = absl::Hours(1);
  CheckDuration("drain_delay", absl::GetFlag(FLAGS_drain_delay), zero, hour, mistakes);
  CheckDuration("drain_timeout", absl::GetFlag(FLAGS_drain_timeout), least, hour, mistakes);
  CheckDuration("grpc_deadline_max", absl::GetFlag(FLAGS_grpc_deadline_max), least, hour, mistakes);
  CheckDuration("grpc_deadline_default", absl::GetFlag(FLAGS_grpc_deadline_default), least,
                absl::GetFlag(FLAGS_grpc_deadline_max), mistakes);
  mistakes.Require(
      absl::GetFlag(FLAGS_drain_delay) < absl::GetFlag(FLAGS_drain_timeout),
      absl::StrCat("--drain_delay is ", absl::FormatDuration(absl::GetFlag(FLAGS_drain_delay)),
                   " but must be less than --drain_timeout"));
}

void CheckTls(Mistakes& mistakes) {
  const bool cert = !absl::GetFlag(FLAGS_tls_cert_file).empty();
  const bool key = !absl::GetFlag(FLAGS_tls_key_file).empty();
  mistakes.Require(cert == key,
                   "--tls_cert_file and --tls_key_file go together; give both or none");
  mistakes.Require(!absl::GetFlag(FLAGS_tls_require_client_cert) ||
                       (cert && !absl::GetFlag(FLAGS_tls_ca_file).empty()),
                   "--tls_require_client_cert needs --tls_cert_file, --tls_key_file and "
                   "--tls_ca_file");
}

// Reads them, so that a mistake inside is found together with the others.
void CheckCredentials(Mistakes& mistakes) {
  if (const std::string path = absl::GetFlag(FLAGS_tokens_file); !path.empty()) {
    mistakes.AddStatus("tokens_file", TokenStore::Open(path).status());
  }
  if (const std::string path = absl::GetFlag(FLAGS_service_token_file); !path.empty()) {
    mistakes.AddStatus("service_token_file", ServiceToken::Open(path).status());
  }
}

}  // namespace

std::string ScratchFolder() {
  if (std::string folder = absl::GetFlag(FLAGS_scratch_dir); !folder.empty()) return folder;
  std::error_code error;
  const std::string folder = std::filesystem::temp_directory_path(error).string();
  return folder.empty() ? "/tmp" : folder;
}

void CheckCommonFlags(const std::vector<CommonFlag>& needed, Mistakes& mistakes) {
  const auto needs = [&](CommonFlag flag) {
    return std::find(needed.begin(), needed.end(), flag) != needed.end();
  };
  CheckListen("admin_listen", absl::GetFlag(FLAGS_admin_listen), mistakes);
  CheckListen("grpc_listen", absl::GetFlag(FLAGS_grpc_listen), mistakes);
  CheckAddresses("grpc_advertise", absl::GetFlag(FLAGS_grpc_advertise), "", false, mistakes);
  CheckAddresses("profile_address", absl::GetFlag(FLAGS_profile_address), "127.0.0.1:7020",
                 needs(CommonFlag::kProfileAddress), mistakes);
  CheckAddresses("config_address", absl::GetFlag(FLAGS_config_address), "127.0.0.1:7000",
                 needs(CommonFlag::kConfigAddress), mistakes);
  CheckAddresses("routing_address", absl::GetFlag(FLAGS_routing_address), "127.0.0.1:7010",
                 needs(CommonFlag::kRoutingAddress), mistakes);
  CheckAddresses("sla_address", absl::GetFlag(FLAGS_sla_address), "127.0.0.1:7030",
                 needs(CommonFlag::kSlaAddress), mistakes);
  CheckAddresses("reporting_address", absl::GetFlag(FLAGS_reporting_address), "127.0.0.1:7040",
                 needs(CommonFlag::kReportingAddress), mistakes);
  if (needs(CommonFlag::kRedis)) {
    CheckText("redis", absl::GetFlag(FLAGS_redis), "127.0.0.1:6379", mistakes);
  }
  if (needs(CommonFlag::kBlobDir)) {
    mistakes.Require(
        absl::GetFlag(FLAGS_blob_dir).empty() != absl::GetFlag(FLAGS_blob_url).empty(),
        "either --blob_dir or --blob_url is needed, for example --blob_dir=/var/lib/trama/blobs");
  }
  if (needs(CommonFlag::kScratchDir)) {
    mistakes.AddStatus("scratch_dir", CheckScratchFolder(ScratchFolder()));
  }
  if (needs(CommonFlag::kTokensFile)) {
    CheckText("tokens_file", absl::GetFlag(FLAGS_tokens_file), "/etc/trama/tokens.json", mistakes);
  }
  if (needs(CommonFlag::kServiceTokenFile)) {
    CheckText("service_token_file", absl::GetFlag(FLAGS_service_token_file),
              "/etc/trama/service-token", mistakes);
  }
  CheckTls(mistakes);
  CheckCredentials(mistakes);
  CheckLimits(mistakes);
}

}  // namespace trama::platform
