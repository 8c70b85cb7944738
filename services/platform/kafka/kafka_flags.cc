#include "services/platform/kafka/kafka_flags.h"

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/platform/base/log.h"
#include "services/platform/base/server_address.h"
#include "services/platform/kafka/kafka_login.h"
#include "services/platform/kafka/topics.h"

ABSL_FLAG(std::string, kafka_brokers, "",
          "The brokers to begin with, as host:port,host:port; they name the others.");
ABSL_FLAG(std::string, kafka_security_protocol, "plaintext",
          "How to reach the brokers: plaintext, ssl, sasl_plaintext or sasl_ssl.");
ABSL_FLAG(std::string, kafka_ca_file, "",
          "PEM file of the authorities that the brokers' certificates must come from. Empty: the "
          "system's.");
ABSL_FLAG(std::string, kafka_cert_file, "", "PEM file of our certificate, for mutual TLS.");
ABSL_FLAG(std::string, kafka_key_file, "", "PEM file of its key, for mutual TLS.");
ABSL_FLAG(std::string, kafka_sasl_mechanism, "", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.");
ABSL_FLAG(std::string, kafka_sasl_username, "", "The name that we log in with.");
ABSL_FLAG(std::string, kafka_sasl_password, "",
          "Where the password is: file:<path> or env:<name>.");
ABSL_FLAG(std::string, group_instance, "",
          "Stable slot in the consumer groups, such as routing-0: a restarted process resumes its "
          "partitions at once. Empty: none.");
ABSL_FLAG(std::string, topics_file, "",
          "The declaration of the topics. Empty: the one that was built in.");
ABSL_FLAG(std::string, topics_cluster, "demo", "Which of its cluster sizes holds here.");

namespace trama::platform {
namespace {

void LogKafka(const KafkaLogLine& line) {
  constexpr int kSyslogError = 3;
  constexpr int kSyslogWarning = 4;
  constexpr int kSyslogInfo = 6;
  const LogLevel level = line.severity <= kSyslogError     ? LogLevel::kError
                         : line.severity <= kSyslogWarning ? LogLevel::kWarning
                         : line.severity <= kSyslogInfo    ? LogLevel::kInfo
                                                           : LogLevel::kDebug;
  Log(level, "kafka",
      {{"client", line.client}, {"facility", line.facility}, {"message", line.message}});
}

bool OneOf(const std::string& value, std::initializer_list<const char*> allowed) {
  for (const char* each : allowed) {
    if (value == each) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<KafkaConfig> KafkaConfigFromFlags(std::string_view client_id) {
  KafkaConfig config;
  config.brokers = absl::GetFlag(FLAGS_kafka_brokers);
  config.client_id = std::string(client_id);
  config.security_protocol = absl::GetFlag(FLAGS_kafka_security_protocol);
  config.ca_file = absl::GetFlag(FLAGS_kafka_ca_file);
  config.cert_file = absl::GetFlag(FLAGS_kafka_cert_file);
  config.key_file = absl::GetFlag(FLAGS_kafka_key_file);
  config.sasl_mechanism = absl::GetFlag(FLAGS_kafka_sasl_mechanism);
  config.sasl_username = absl::GetFlag(FLAGS_kafka_sasl_username);
  config.logger = &LogKafka;
  const std::string password = absl::GetFlag(FLAGS_kafka_sasl_password);
  if (password.empty()) return config;
  absl::StatusOr<std::string> secret = ResolveSecret(password);
  if (!secret.ok()) return secret.status();
  config.sasl_password = *std::move(secret);
  return config;
}

absl::StatusOr<KafkaConfig> LogInToKafka(std::string_view client_id) {
  absl::StatusOr<KafkaConfig> config = KafkaConfigFromFlags(client_id);
  if (!config.ok()) return config;
  const absl::Status let_in = CheckKafkaLogin(*config, kKafkaLoginWait);
  if (!let_in.ok()) return let_in;
  return config;
}

void CheckKafkaFlags(Mistakes& mistakes) {
  const std::string protocol = absl::GetFlag(FLAGS_kafka_security_protocol);
  const std::string mechanism = absl::GetFlag(FLAGS_kafka_sasl_mechanism);
  mistakes.Require(OneOf(protocol, {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}),
                   absl::StrCat("--kafka_security_protocol=", protocol,
                                " must be plaintext, ssl, sasl_plaintext or sasl_ssl"));
  mistakes.AddStatus("kafka_brokers",
                     ParseServerAddresses(absl::GetFlag(FLAGS_kafka_brokers)).status());
  const bool sasl = OneOf(protocol, {"sasl_plaintext", "sasl_ssl"});
  if (sasl) {
    mistakes.Require(OneOf(mechanism, {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}),
                     absl::StrCat("--kafka_sasl_mechanism=", mechanism,
                                  " must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"));
    mistakes.Require(!absl::GetFlag(FLAGS_kafka_sasl_username).empty(),
                     "--kafka_sasl_username is empty, name the user");
    mistakes.Require(!absl::GetFlag(FLAGS_kafka_sasl_password).empty(),
                     "--kafka_sasl_password is empty, say where it is: file:<path> or env:<name>");
  } else {
    mistakes.Require(mechanism.empty(),
                     "--kafka_sasl_mechanism needs --kafka_security_protocol=sasl_ssl");
  }
  mistakes.Require(
      absl::GetFlag(FLAGS_kafka_cert_file).empty() == absl::GetFlag(FLAGS_kafka_key_file).empty(),
      "--kafka_cert_file and --kafka_key_file go together, give both or none");
  mistakes.AddStatus("kafka_sasl_password", KafkaConfigFromFlags("check").status());
  mistakes.AddStatus(
      "topics_file",
      LoadTopics(absl::GetFlag(FLAGS_topics_file), absl::GetFlag(FLAGS_topics_cluster)).status());
}

}  // namespace trama::platform
