#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/config/resource_id.h"
#include "services/config/spec_checks.h"
#include "services/kernel/suggestion.h"

namespace trama::config {
namespace {

constexpr size_t kLabelsMax = 64;

void CheckMetadata(const v1::Resource& resource, const std::string& path, Violations& out) {
  const v1::Metadata& metadata = resource.metadata();
  CheckName(metadata.name(), Below(path, "name"), out);
  if (resource.kind() == kWorkspaceKind) {
    if (!metadata.workspace().empty()) {
      AddViolation(out, Below(path, "workspace"), "must be empty: a Workspace is in no other");
    }
  } else {
    CheckName(metadata.workspace(), Below(path, "workspace"), out);
  }
  if (metadata.labels().size() > kLabelsMax) {
    AddViolation(out, Below(path, "labels"), absl::StrCat("has more than ", kLabelsMax));
  }
}

void CheckSpec(const v1::Resource& resource, const std::string& path, Violations& out) {
  switch (resource.spec_case()) {
    case v1::Resource::kWorkspace:
      return CheckWorkspace(resource.workspace(), path, out);
    case v1::Resource::kChannelAccount:
      return CheckChannelAccount(resource.channel_account(), path, out);
    case v1::Resource::kQueue:
      return CheckQueue(resource.queue(), path, out);
    case v1::Resource::kSkill:
      return CheckSkill(resource.skill(), path, out);
    case v1::Resource::kAgent:
      return CheckAgent(resource.agent(), path, out);
    case v1::Resource::kSlaPolicy:
      return CheckSlaPolicy(resource.sla_policy(), path, out);
    case v1::Resource::kCalendar:
      return CheckCalendar(resource.calendar(), path, out);
    case v1::Resource::kWrapUpCode:
      return CheckWrapUpCode(resource.wrap_up_code(), path, out);
    case v1::Resource::SPEC_NOT_SET:
      return AddViolation(out, path, "is missing");
  }
}

// The path of a violation in the oneof's field ("queue.priority") as it is written in a file
// ("spec.priority").
std::string AsSpec(const std::string& path, const std::string& field, const std::string& found) {
  const std::string prefix = Below(path, field);
  if (found.compare(0, prefix.size(), prefix) != 0) return found;
  return Below(path, "spec") + found.substr(prefix.size());
}

}  // namespace

void CheckResource(const v1::Resource& resource, const std::string& path, Violations& out) {
  if (resource.ByteSizeLong() > kResourceMaxBytes) {
    return AddViolation(out, path, absl::StrCat("is larger than ", kResourceMaxBytes, " bytes"));
  }
  if (resource.api_version() != kApiVersion) {
    AddViolation(out, Below(path, "api_version"),
                 absl::StrCat("\"", resource.api_version(), "\" must be ", kApiVersion));
  }
  const google::protobuf::FieldDescriptor* spec = SpecField(resource.kind());
  if (spec == nullptr) {
    return AddViolation(out, Below(path, "kind"),
                        absl::StrCat("\"", resource.kind(), "\" is not a kind",
                                     DidYouMean(resource.kind(), Kinds())));
  }
  CheckMetadata(resource, Below(path, "metadata"), out);
  if (resource.spec_case() != v1::Resource::SPEC_NOT_SET &&
      resource.spec_case() != spec->number()) {
    return AddViolation(out, Below(path, "spec"),
                        absl::StrCat("is not that of a ", resource.kind()));
  }
  Violations texts;
  CheckTexts(resource, path, texts);
  for (FieldViolation& text : texts) {
    AddViolation(out, AsSpec(path, spec->name(), text.field), std::move(text.description));
  }
  CheckSpec(resource, Below(path, "spec"), out);
}

}  // namespace trama::config
