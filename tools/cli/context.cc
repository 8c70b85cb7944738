#include "tools/cli/context.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/errors.h"
#include "services/kernel/pause.h"
#include "services/kernel/strings.h"
#include "services/platform/base/settings.h"
#include "tools/cli/yaml_file.h"

namespace trama::tramactl {
namespace {

constexpr char kUsagePayload[] = "tramactl/usage";
constexpr char kDiffersPayload[] = "tramactl/differs";
constexpr char kEndpointsDefault[] = ".run/endpoints.json";
constexpr size_t kEndpointsMaxBytes = 1 << 20;
constexpr absl::Duration kTimeoutDefault = absl::Seconds(10);
constexpr absl::Duration kRetryPauseFirst = absl::Milliseconds(100);
constexpr absl::Duration kRetryPauseMax = absl::Seconds(1);

// What another service's address is called on the command line.
std::string AddressFlag(const std::string& service) { return service + "-address"; }

std::string DrawId() {
  absl::BitGen random;
  return absl::StrCat("tramactl-", absl::Hex(random(), absl::kZeroPad16),
                      absl::Hex(random(), absl::kZeroPad16));
}

Format FormatOf(const std::string& name) {
  if (name == "json") return Format::kJson;
  return name == "yaml" ? Format::kYaml : Format::kTable;
}

}  // namespace

absl::Status UsageError(std::string_view text) {
  absl::Status status = absl::InvalidArgumentError(ToAbsl(text));
  status.SetPayload(kUsagePayload, absl::Cord(""));
  return status;
}

absl::Status Differs() {
  absl::Status status = absl::FailedPreconditionError("there are differences");
  status.SetPayload(kDiffersPayload, absl::Cord(""));
  return status;
}

bool IsDiffers(const absl::Status& status) {
  return status.GetPayload(kDiffersPayload).has_value();
}

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitDone;
  if (status.GetPayload(kUsagePayload).has_value()) return kExitUsage;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnavailable;
    default:
      return kExitFailed;
  }
}

std::vector<Flag> GlobalFlags() {
  std::vector<Flag> flags = {
      {.name = "output",
       .letter = 'o',
       .value = "FORMAT",
       .help = "How to print",
       .choices = {"table", "json", "yaml"}},
      {.name = "workspace",
       .letter = 'w',
       .value = "NAME",
       .help = "Which workspace; by default that of the endpoints file, or demo",
       .environment = "TRAMA_WORKSPACE"},
      {.name = "endpoints",
       .value = "FILE",
       .help = "Where everything is, as tools/up writes it; by default .run/endpoints.json",
       .environment = "TRAMA_ENDPOINTS"},
      {.name = "as",
       .value = "NAME",
       .help = "Call with the token that the endpoints file has of NAME"},
      {.name = "token", .value = "TOKEN", .help = "Call with this token [$TRAMA_TOKEN]"},
      {.name = "timeout", .value = "DURATION", .help = "How long to try, such as 10s"},
      {.name = "command-id",
       .value = "ID",
       .help = "Repeat a command safely: with the same id it has one effect"},
      {.name = "traceparent",
       .value = "CONTEXT",
       .help = "Call as a step of this trace (W3C Trace Context)",
       .environment = "TRACEPARENT"}};
  for (const char* service : {"config", "routing", "profile", "sla", "reporting"}) {
    flags.push_back(
        {.name = AddressFlag(service),
         .value = "HOST:PORT",
         .help = absl::StrCat("The ", service, " service, or several addresses with commas")});
  }
  flags.push_back({.name = "kafka", .value = "HOST:PORT", .help = "The brokers, with commas"});
  flags.push_back({.name = "tls-ca",
                   .value = "FILE",
                   .help = "Call with TLS and trust the authorities in FILE (PEM)",
                   .environment = "TRAMA_TLS_CA_FILE"});
  flags.push_back({.name = "tls-cert",
                   .value = "FILE",
                   .help = "Show this certificate to services that want one (PEM)",
                   .environment = "TRAMA_TLS_CERT_FILE"});
  flags.push_back({.name = "tls-key",
                   .value = "FILE",
                   .help = "The private key of that certificate (PEM)",
                   .environment = "TRAMA_TLS_KEY_FILE"});
  return flags;
}

absl::StatusOr<std::unique_ptr<Context>> Context::Create(const Arguments& arguments,
                                                         Environment environment, std::ostream& out,
                                                         bool is_terminal) {
  std::unique_ptr<Context> context(
      new Context(arguments, std::move(environment),
                  Output(out, FormatOf(arguments.Get("output")), is_terminal)));
  if (absl::Status status = context->ReadEndpoints(); !status.ok()) return status;
  context->timeout_ = kTimeoutDefault;
  if (arguments.Has("timeout") &&
      (!absl::ParseDuration(arguments.Get("timeout"), &context->timeout_) ||
       context->timeout_ <= absl::ZeroDuration())) {
    return UsageError(absl::StrCat("--timeout must be a duration such as 10s, not \"",
                                   arguments.Get("timeout"), "\""));
  }
  context->workspace_ = arguments.Get("workspace");
  if (context->workspace_.empty()) context->workspace_ = context->endpoints_.workspace;
  if (context->workspace_.empty()) context->workspace_ = "demo";
  context->traceparent_ = arguments.Get("traceparent");
  context->command_id_ = arguments.Has("command-id") ? arguments.Get("command-id") : DrawId();
  return context;
}

absl::Status Context::ReadEndpoints() {
  endpoints_file_ = arguments_.Get("endpoints");
  if (endpoints_file_.empty()) {
    std::error_code error;
    if (!std::filesystem::exists(kEndpointsDefault, error)) return absl::OkStatus();
    endpoints_file_ = kEndpointsDefault;
  }
  const absl::StatusOr<std::string> text = ReadWhole(endpoints_file_, kEndpointsMaxBytes);
  if (!text.ok()) return UsageError(ToStd(text.status().message()));
  absl::StatusOr<Endpoints> endpoints = ParseEndpoints(*text);
  if (!endpoints.ok()) {
    return UsageError(absl::StrCat(endpoints_file_, ": ", endpoints.status().message()));
  }
  endpoints_ = *std::move(endpoints);
  return absl::OkStatus();
}

void Context::AllowTime(absl::Duration timeout) {
  if (!arguments_.Has("timeout")) timeout_ = timeout;
}

void Context::ActAsHimself(const std::string& name) {
  himself_ = name;
  default_names_ = {name};
}

absl::StatusOr<std::string> Context::Token() const {
  if (arguments_.Has("token")) return arguments_.Get("token");
  if (arguments_.Has("as")) {
    absl::StatusOr<std::string> token = TokenOf(endpoints_, workspace_, arguments_.Get("as"));
    if (!token.ok()) return UsageError(absl::StrCat("--as: ", token.status().message()));
    return token;
  }
  const std::optional<std::string> from_environment = environment_("TRAMA_TOKEN");
  const bool has_token = from_environment.has_value() && !from_environment->empty();
  if (has_token && himself_.empty()) return *from_environment;
  for (const std::string& name : default_names_) {
    absl::StatusOr<std::string> token = TokenOf(endpoints_, workspace_, name);
    if (token.ok()) return token;
  }
  if (has_token) return *from_environment;
  return UsageError(absl::StrCat(
      "no credentials: give --token, TRAMA_TOKEN, or an endpoints file with a token of ",
      default_names_.empty() ? "somebody and --as" : absl::StrJoin(default_names_, " or ")));
}

absl::StatusOr<platform::Peer*> Context::PeerOf(const std::string& service) {
  const auto known = peers_.find(service);
  if (known != peers_.end()) return known->second.get();
  std::string addresses = arguments_.Get(AddressFlag(service));
  if (addresses.empty()) {
    const auto listed = endpoints_.grpc.find(service);
    if (listed != endpoints_.grpc.end()) addresses = absl::StrJoin(listed->second, ",");
  }
  if (addresses.empty()) {
    return UsageError(absl::StrCat("where is ", service, "? give --", AddressFlag(service),
                                   endpoints_file_.empty()
                                       ? " or --endpoints"
                                       : absl::StrCat("; ", endpoints_file_, " does not say")));
  }
  platform::PeerOptions options;
  options.addresses = addresses;
  options.tls.ca_file = arguments_.Get("tls-ca");
  options.tls.cert_file = arguments_.Get("tls-cert");
  options.tls.key_file = arguments_.Get("tls-key");
  absl::StatusOr<std::shared_ptr<platform::Peer>> peer = platform::Peer::Make(options);
  if (!peer.ok()) return UsageError(ToStd(peer.status().message()));
  return (peers_[service] = *std::move(peer)).get();
}

absl::StatusOr<platform::KafkaConfig> Context::Kafka() const {
  platform::KafkaConfig kafka;
  kafka.client_id = "tramactl";
  kafka.brokers = arguments_.Has("kafka") ? arguments_.Get("kafka") : endpoints_.kafka;
  if (kafka.brokers.empty()) return UsageError("where is Kafka? give --kafka or --endpoints");
  const std::pair<const char*, std::string*> settings[] = {
      {"TRAMA_KAFKA_SECURITY_PROTOCOL", &kafka.security_protocol},
      {"TRAMA_KAFKA_CA_FILE", &kafka.ca_file},
      {"TRAMA_KAFKA_CERT_FILE", &kafka.cert_file},
      {"TRAMA_KAFKA_KEY_FILE", &kafka.key_file},
      {"TRAMA_KAFKA_SASL_MECHANISM", &kafka.sasl_mechanism},
      {"TRAMA_KAFKA_SASL_USERNAME", &kafka.sasl_username}};
  for (const auto& [name, setting] : settings) {
    if (const std::optional<std::string> value = environment_(name)) *setting = *value;
  }
  if (const auto password = environment_("TRAMA_KAFKA_SASL_PASSWORD")) {
    absl::StatusOr<std::string> secret = platform::ResolveSecret(*password);
    if (!secret.ok()) {
      return UsageError(absl::StrCat("TRAMA_KAFKA_SASL_PASSWORD: ", secret.status().message()));
    }
    kafka.sasl_password = *std::move(secret);
  }
  return kafka;
}

absl::Status Context::Explained(const std::string& service, const absl::Status& status) {
  if (ExitCodeOf(status) != kExitUnavailable) return status;
  return absl::Status(status.code(), absl::StrCat(service, " does not answer: ", status.message()));
}

bool Context::WaitForRepeat(const absl::Status& status, int attempt, absl::Time deadline) {
  if (status.code() != absl::StatusCode::kUnavailable) return false;
  const absl::Duration backoff = DoublingPause(kRetryPauseFirst, kRetryPauseMax, attempt);
  const absl::Duration pause = std::min(RetryDelayOf(status).value_or(backoff), kRetryPauseMax);
  if (absl::Now() + pause >= deadline) return false;
  absl::SleepFor(pause);
  return true;
}

}  // namespace trama::tramactl
