#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

// On a record that was put back into its topic after it had been dead-lettered: how often that was,
// in decimal. DeadLetterOf takes it over.
inline constexpr char kRequeuedHeader[] = "trama-requeued";

// Input that came by another door than Kafka: a webhook, a mail.
struct ForeignInput {
  std::string source;        // "webhook:sms:demo/support"
  std::string id;            // Distinguishes inputs of one source; equal for a repeat.
  std::string content_type;  // As received.
  std::string body;
  std::vector<Header> headers;
};

struct DeadLetterReason {
  std::string service;  // Who gave up: "routing".
  std::string reason;   // For a person. It must not quote personal data.
  absl::Time failed_at;
  std::string workspace;  // Empty when unknown.
  std::string traceparent;
};

// The record for trama.deadletter.v1 that holds the original whole
// (trama.deadletter.v1.DeadLetter). The same original and service give the same id and key, so that
// a repeat can be dropped.
Record DeadLetterOf(const Record& original, const DeadLetterReason& why);
Record DeadLetterOf(const ForeignInput& original, const DeadLetterReason& why);

}  // namespace trama::platform
