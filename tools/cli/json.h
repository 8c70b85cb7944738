#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"
#include "trama/config/v1/resources.pb.h"

namespace trama::tramactl {

using Json = nlohmann::ordered_json;

// Protobuf's JSON mapping (names in camelCase); fields without value are left out. What has no such
// form (a time beyond the year 9999) becomes {"undecoded": why}.
Json ToJson(const google::protobuf::Message& message);

// A resource as it is written in files: apiVersion, kind, metadata, spec.
Json ResourceJson(const config::v1::Resource& resource);

// One line, or several with an indent of two; bytes that are not UTF-8 are replaced.
std::string ToLine(const Json& json);
std::string ToText(const Json& json);

// YAML that reads back as the same values, in any reader: texts that look like something else are
// quoted.
std::string ToYaml(const Json& json);

}  // namespace trama::tramactl
