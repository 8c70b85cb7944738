#pragma once

#include <string>
#include <vector>

#include "services/kernel/errors.h"
#include "tools/cli/yaml_file.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::tramactl {

// A resource and where it was written.
struct LocatedResource {
  config::v1::Resource resource;
  YamlDocument document;
};

// Reads every document as a resource: apiVersion, kind, metadata, spec. Adds all mistakes.
// `workspace` is that of resources that name none (a Workspace itself is in none); may be empty.
std::vector<LocatedResource> ReadResources(const std::vector<YamlDocument>& documents,
                                           const std::string& workspace,
                                           const Environment& environment,
                                           std::vector<Mistake>& mistakes);

// What the service says of `resources[3].spec.order`, with file, line and column of that field of
// the fourth resource; a violation of something else keeps its field.
Mistake MistakeOf(const FieldViolation& violation, const std::vector<LocatedResource>& resources);

}  // namespace trama::tramactl
