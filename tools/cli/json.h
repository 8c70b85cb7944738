#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"
#include "trama/config/v1/resources.pb.h"

namespace trama::tramactl {

using Json = nlohmann::ordered_json;

// Protobuf's JSON mapping (names in camelCase); fields without value are left out.
Json ToJson(const google::protobuf::Message& message);

// A resource as it is written in files: apiVersion, kind, metadata, spec.
Json ResourceJson(const config::v1::Resource& resource);

// YAML that reads back as the same values, in any reader: texts that look like something else are
// quoted.
std::string ToYaml(const Json& json);

}  // namespace trama::tramactl
