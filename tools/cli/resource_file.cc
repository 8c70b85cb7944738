#include "tools/cli/resource_file.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/suggestion.h"
#include "tools/cli/kinds.h"
#include "tools/cli/yaml_message.h"

namespace trama::tramactl {
namespace {

constexpr char kPrefix[] = "resources[";

// Where the parts of a document are; undefined nodes for those that are not there.
struct Parts {
  YAML::Node api_version{YAML::NodeType::Undefined};
  YAML::Node kind{YAML::NodeType::Undefined};
  YAML::Node metadata{YAML::NodeType::Undefined};
  YAML::Node spec{YAML::NodeType::Undefined};
};

bool Split(const YAML::Node& root, YamlReader& reader, Parts& parts) {
  std::vector<YamlReader::Entry> entries;
  if (!reader.Entries(root, "", entries)) return false;
  for (const auto& [name, key, value] : entries) {
    if (name == "apiVersion" || name == "api_version") {
      parts.api_version.reset(value);
    } else if (name == "kind") {
      parts.kind.reset(value);
    } else if (name == "metadata") {
      parts.metadata.reset(value);
    } else if (name == "spec") {
      parts.spec.reset(value);
    } else {
      const std::vector<std::string> known = {"apiVersion", "kind", "metadata", "spec"};
      reader.Wrong(key, name, absl::StrCat("is not a field", DidYouMean(name, known)));
    }
  }
  for (const auto& [name, part] :
       {std::pair<const char*, const YAML::Node*>{"apiVersion", &parts.api_version},
        {"kind", &parts.kind},
        {"metadata", &parts.metadata},
        {"spec", &parts.spec}}) {
    if (!part->IsDefined()) reader.Wrong(root, name, "is missing");
  }
  return parts.api_version.IsDefined() && parts.kind.IsDefined() && parts.metadata.IsDefined() &&
         parts.spec.IsDefined();
}

std::optional<config::v1::Resource> ReadResource(const YAML::Node& root,
                                                 const std::string& workspace, YamlReader& reader) {
  Parts parts;
  if (!Split(root, reader, parts)) return std::nullopt;
  config::v1::Resource resource;
  const auto api_version = reader.Text(parts.api_version, "apiVersion");
  const auto kind = reader.Text(parts.kind, "kind");
  if (!api_version || !kind) return std::nullopt;
  resource.set_api_version(*api_version);
  resource.set_kind(*kind);

  const google::protobuf::FieldDescriptor* field = SpecField(*kind);
  if (field == nullptr) {
    reader.Wrong(parts.kind, "kind",
                 absl::StrCat("\"", *kind, "\" is not a kind", DidYouMean(*kind, Kinds())));
    return std::nullopt;
  }
  reader.Read(parts.metadata, "metadata", *resource.mutable_metadata());
  if (resource.metadata().workspace().empty() && *kind != "Workspace") {
    resource.mutable_metadata()->set_workspace(workspace);
  }
  reader.Read(parts.spec, "spec", *resource.GetReflection()->MutableMessage(&resource, field));
  return resource;
}

}  // namespace

std::vector<LocatedResource> ReadResources(const std::vector<YamlDocument>& documents,
                                           const std::string& workspace,
                                           const Environment& environment,
                                           std::vector<Mistake>& mistakes) {
  std::vector<LocatedResource> resources;
  for (const YamlDocument& document : documents) {
    YamlReader reader(document.file, environment, mistakes);
    if (auto resource = ReadResource(document.root, workspace, reader)) {
      resources.push_back({*std::move(resource), document});
    }
  }
  return resources;
}

Mistake MistakeOf(const FieldViolation& violation, const std::vector<LocatedResource>& resources) {
  const size_t close = violation.field.find(']');
  size_t index = 0;
  const bool is_resource =
      violation.field.rfind(kPrefix, 0) == 0 && close != std::string::npos &&
      absl::SimpleAtoi(violation.field.substr(sizeof(kPrefix) - 1, close - sizeof(kPrefix) + 1),
                       &index) &&
      index < resources.size();
  if (!is_resource) return {"request", {}, violation.field, violation.description};
  const YamlDocument& document = resources[index].document;
  std::string field = violation.field.substr(close + 1);
  if (!field.empty() && field.front() == '.') field.erase(0, 1);
  const Located found = Locate(document.root, field);
  return {document.file, PlaceOf(found.node), found.path, violation.description};
}

}  // namespace trama::tramactl
