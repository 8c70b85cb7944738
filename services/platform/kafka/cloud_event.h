#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/platform/kafka/record.h"

// CloudEvents 1.0 in Kafka, binary mode: the attributes are headers with the prefix "ce_", the
// value is one Protobuf message. Source of the rules: CloudEvents Kafka protocol binding 1.0.2.
namespace trama::platform {

inline constexpr char kProtobufContentType[] = "application/protobuf";
inline constexpr char kSubjectHeader[] = "ce_subject";  // Where EventAttributes::subject stands.

struct EventAttributes {
  std::string id;                          // Readers drop repeats by it.
  std::string source;                      // Who wrote it: "/trama/<service>".
  std::string type;                        // "trama.conversation.v1.Accepted".
  absl::Time time = absl::InfinitePast();  // InfinitePast(): not given.
  std::string subject;                     // May be empty.
  std::string traceparent;                 // W3C trace context; may be empty.
};

// The headers of an event. INVALID_ARGUMENT when id, source or type is empty.
absl::StatusOr<std::vector<Header>> EventHeaders(EventAttributes attributes);

// Reads them back. INVALID_ARGUMENT names the missing or malformed header: ce_specversion other
// than 1.0, no ce_id, ce_source or ce_type, a ce_time that is not RFC 3339, a content-type that is
// not Protobuf.
absl::StatusOr<EventAttributes> ParseEventHeaders(const Record& record);

// What a machine wants to append, as a record for `partition` with its headers. `source` is the
// service's ("/trama/routing").
absl::StatusOr<Record> EventRecord(OutRecord out, int32_t partition, std::string_view source);

}  // namespace trama::platform
