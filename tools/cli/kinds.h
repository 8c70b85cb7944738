#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "trama/config/v1/resources.pb.h"

// The kinds of resources, read from the proto, so that a new kind needs no change here.
namespace trama::tramactl {

// "Agent", "Calendar" …, sorted.
std::vector<std::string> Kinds();

// The field of Resource that holds the spec of a kind; null when there is no such kind.
const google::protobuf::FieldDescriptor* SpecField(std::string_view kind);

// The kinds as people type them, sorted: "agents", "channel-accounts".
std::vector<std::string> KindWords();

// What people type: "queue", "queues", "SlaPolicy", "sla-policies", "wrapupcodes" → the kind.
// INVALID_ARGUMENT with a suggestion otherwise.
absl::StatusOr<std::string> ParseKind(std::string_view text);

// The spec that is set; null when none is.
const google::protobuf::Message* SpecOf(const config::v1::Resource& resource);

}  // namespace trama::tramactl
