#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace trama::platform {

// One line that librdkafka logs: connections, group changes, errors. It never holds a key or value.
struct KafkaLogLine {
  int severity = 6;  // As syslog: 3 error, 4 warning, 6 information, 7 debug.
  std::string_view client;
  std::string_view facility;  // librdkafka's short name, for example "FAIL".
  std::string_view message;
};

// Called from librdkafka's own threads, several at once: must be quick and thread-safe.
using KafkaLogger = std::function<void(const KafkaLogLine&)>;

// Writes one JSON object per line to stderr, warnings and worse.
void LogKafkaToStderr(const KafkaLogLine& line);

// How to reach the brokers.
struct KafkaConfig {
  std::string brokers;                          // "host:port,host:port"
  std::string client_id;                        // For the broker's logs and quotas.
  std::string security_protocol = "plaintext";  // plaintext, ssl, sasl_plaintext, sasl_ssl
  std::string ca_file;                          // PEM. Empty: the system's.
  std::string cert_file;                        // PEM, for mutual TLS.
  std::string key_file;                         // PEM, for mutual TLS.
  std::string sasl_mechanism;                   // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
  std::string sasl_username;
  std::string sasl_password;
  KafkaLogger logger = &LogKafkaToStderr;
};

}  // namespace trama::platform
