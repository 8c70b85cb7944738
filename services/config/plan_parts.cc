#include "services/config/plan_parts.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

// So that the details fit into the headers of an answer.
constexpr size_t kViolationsMaxBytes = 3000;

}  // namespace

absl::Status Refuse(const Violations& violations) {
  Violations shown;
  size_t bytes = 0;
  for (const FieldViolation& violation : violations) {
    bytes += violation.field.size() + violation.description.size();
    if (bytes > kViolationsMaxBytes && !shown.empty()) {
      AddViolation(shown, "resources",
                   absl::StrCat("have ", violations.size() - shown.size(), " more mistakes"));
      break;
    }
    shown.push_back(violation);
  }
  return InvalidFields(shown);
}

absl::Status CheckExpected(const ConfigStore& store, int64_t expected) {
  if (expected == 0 || expected == store.revision()) return absl::OkStatus();
  return TypedError(absl::StatusCode::kAborted, "REVISION_CHANGED",
                    absl::StrCat("expected_revision ", expected, " is not the present one, ",
                                 store.revision(), "; read again what has changed and repeat"),
                    {{"revision", absl::StrCat(store.revision())}});
}

absl::Status CheckTenant(const Caller& caller, const ResourceId& id) {
  if (caller.MayEnter(id.tenant())) return absl::OkStatus();
  return TypedError(absl::StatusCode::kPermissionDenied, "WORKSPACE_FORBIDDEN",
                    absl::StrCat("the credentials are for workspace ", caller.workspace,
                                 ", not for ", id.tenant()));
}

absl::Status CheckMayFound(const Caller& caller, const char* what) {
  if (caller.workspace.empty()) return absl::OkStatus();
  return TypedError(absl::StatusCode::kPermissionDenied, "WORKSPACE_FORBIDDEN",
                    absl::StrCat("to ", what, " a workspace takes credentials for all of them"));
}

v1::Change MakeChange(v1::Change::Action action, const ResourceId& id) {
  v1::Change change;
  change.set_action(action);
  change.set_kind(id.kind);
  change.set_workspace(id.workspace);
  change.set_name(id.name);
  return change;
}

v1::Resource Stripped(v1::Resource resource) {
  v1::Metadata& metadata = *resource.mutable_metadata();
  metadata.clear_revision();
  metadata.clear_author();
  metadata.clear_changed_at();
  return resource;
}

void Sign(v1::Resource& resource, int64_t revision, const Act& act) {
  v1::Metadata& metadata = *resource.mutable_metadata();
  metadata.set_revision(revision);
  metadata.set_author(act.caller.subject);
  metadata.mutable_changed_at()->set_seconds(absl::ToUnixSeconds(act.at));
}

bool SaysTheSame(const v1::Resource& a, const v1::Resource& b) {
  return google::protobuf::util::MessageDifferencer::Equals(Stripped(a), b);
}

}  // namespace trama::config
