#include "services/config/change_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/config/references.h"
#include "services/config/secrets.h"
#include "services/config/spec_checks.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

// So that the details fit into the headers of an answer.
constexpr size_t kViolationsMaxBytes = 3000;
constexpr size_t kReferrersShownMax = 10;

std::string PathOf(int index) { return absl::StrCat("resources[", index, "]"); }

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

absl::Status CheckSize(int count) {
  if (count == 0) return Refuse({{"resources", "is empty: nothing to do"}});
  if (count > kResourcesPerCallMax) {
    return Refuse({{"resources", absl::StrCat("has ", count, " entries; at most ",
                                              kResourcesPerCallMax, " in one call")}});
  }
  return absl::OkStatus();
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

// Without what the service itself sets.
v1::Resource Stripped(v1::Resource resource) {
  v1::Metadata& metadata = *resource.mutable_metadata();
  metadata.clear_revision();
  metadata.clear_author();
  metadata.clear_changed_at();
  return resource;
}

// Makes the plan of one Apply.
class ApplyPlanner {
 public:
  ApplyPlanner(const ConfigStore& store, const Act& act, int32_t partition_numbers)
      : store_(store), next_(store), act_(act), users_of_number_(partition_numbers, 0) {
    for (const auto& [id, resource] : store.resources()) Count(*resource);
  }

  absl::StatusOr<ChangePlan> Plan(const v1::ApplyRequest& request) {
    for (int i = 0; i < request.resources_size(); ++i) {
      const ResourceId id = IdOf(request.resources(i));
      if (absl::Status status = CheckTenant(act_.caller, id); !status.ok()) return status;
      if (absl::Status status = Take(i, id, request.resources(i)); !status.ok()) return status;
    }
    // A reference to a resource with mistakes of its own is not another mistake.
    for (const auto& [path, id] : taken_) CheckReferences(*next_.Find(id), next_, path, wrong_);
    CheckDoors(taken_, next_, act_.caller, wrong_);
    if (next_.resources().size() > kResourcesMax) {
      AddViolation(wrong_, "resources",
                   absl::StrCat("would be more than ", kResourcesMax, " in all workspaces"));
    }
    if (!wrong_.empty()) return Refuse(wrong_);
    return Finish(request);
  }

 private:
  absl::Status Take(int index, const ResourceId& id, const v1::Resource& given) {
    const std::string path = PathOf(index);
    CheckResource(given, path, wrong_);
    CheckSecretsAreKnown(given, store_, act_.caller, path, wrong_);
    if (!seen_.insert(id).second) {
      AddViolation(wrong_, path, absl::StrCat("names ", id.Label(), " a second time"));
      return absl::OkStatus();
    }
    const v1::Resource* old = store_.Find(id);
    v1::Resource wanted = Stripped(given);
    if (wanted.has_workspace()) {
      if (old == nullptr) {
        if (absl::Status status = CheckMayFound(act_.caller, "create"); !status.ok()) return status;
      }
      SettlePartition(old, path, wanted);
    }
    taken_.emplace_back(path, id);
    next_.Put(std::move(wanted));
    return absl::OkStatus();
  }

  void SettlePartition(const v1::Resource* old, const std::string& path, v1::Resource& wanted) {
    v1::WorkspaceSpec& spec = *wanted.mutable_workspace();
    const std::string field = Below(path, "spec.partition");
    if (old == nullptr) {
      if (spec.has_partition()) {
        AddViolation(wrong_, field, "is chosen by the service; leave it out");
      }
      spec.set_partition(LeastUsedNumber());
      Count(wanted);
      return;
    }
    const int32_t partition = old->workspace().partition();
    if (spec.has_partition() && spec.partition() != partition) {
      AddViolation(wrong_, field,
                   absl::StrCat(spec.partition(), " must stay ", partition,
                                ": the partition of a workspace never changes"));
    }
    spec.set_partition(partition);
  }

  int32_t LeastUsedNumber() const {
    const auto least = std::min_element(users_of_number_.begin(), users_of_number_.end());
    return static_cast<int32_t>(least - users_of_number_.begin());
  }

  void Count(const v1::Resource& resource) {
    const int32_t number = resource.workspace().partition();
    if (!resource.has_workspace() || number < 0) return;
    if (static_cast<size_t>(number) < users_of_number_.size()) ++users_of_number_[number];
  }

  ChangePlan Finish(const v1::ApplyRequest& request) {
    ChangePlan plan;
    const int64_t revision = store_.revision() + 1;
    for (const v1::Resource& given : request.resources()) {
      const ResourceId id = IdOf(given);
      const v1::Resource* old = store_.Find(id);
      v1::Resource wanted = *next_.Find(id);
      if (old != nullptr &&
          google::protobuf::util::MessageDifferencer::Equals(Stripped(*old), wanted)) {
        plan.changes.push_back(MakeChange(v1::Change::ACTION_UNCHANGED, id));
        continue;
      }
      plan.changes.push_back(
          MakeChange(old == nullptr ? v1::Change::ACTION_CREATED : v1::Change::ACTION_CHANGED, id));
      v1::Metadata& metadata = *wanted.mutable_metadata();
      metadata.set_revision(revision);
      metadata.set_author(act_.caller.subject);
      metadata.mutable_changed_at()->set_seconds(absl::ToUnixSeconds(act_.at));
      plan.written.push_back(std::move(wanted));
    }
    plan.revision = plan.empty() ? store_.revision() : revision;
    return plan;
  }

  const ConfigStore& store_;
  ConfigStore next_;
  const Act& act_;
  std::vector<int> users_of_number_;  // By partition number: how many workspaces have it.
  std::set<ResourceId> seen_;
  std::vector<std::pair<std::string, ResourceId>> taken_;
  Violations wrong_;
};

// What would point nowhere if `gone` were deleted, by what it points at: "queue default
// (spec.calendar)".
std::map<ResourceId, std::vector<std::string>> ReferrersOf(const ConfigStore& store,
                                                           const std::set<ResourceId>& gone) {
  std::map<ResourceId, std::vector<std::string>> referrers;
  for (const auto& [id, resource] : store.resources()) {
    if (gone.count(id) > 0) continue;
    for (const Reference& reference : ReferencesOf(*resource)) {
      if (gone.count(reference.target) == 0) continue;
      referrers[reference.target].push_back(
          reference.target.kind == kWorkspaceKind
              ? id.Label()
              : absl::StrCat(id.Label(), " (", reference.path, ")"));
    }
  }
  return referrers;
}

absl::Status StillReferredTo(const ResourceId& target, std::vector<std::string> referrers) {
  const size_t count = referrers.size();
  if (count > kReferrersShownMax) {
    referrers.resize(kReferrersShownMax);
    referrers.push_back(absl::StrCat(count - kReferrersShownMax, " more"));
  }
  const char* const verb = target.kind == kWorkspaceKind ? " still holds " : " is still used by ";
  return TypedError(
      absl::StatusCode::kFailedPrecondition, "STILL_REFERRED_TO",
      absl::StrCat(target.Label(), verb, absl::StrJoin(referrers, ", "),
                   "; delete or change these first, or in the same call"),
      {{"kind", target.kind}, {"workspace", target.workspace}, {"name", target.name}});
}

absl::Status CheckDeletable(const ConfigStore& store, const ResourceId& id, const std::string& path,
                            const Caller& caller) {
  if (absl::Status status = CheckTenant(caller, id); !status.ok()) return status;
  if (SpecField(id.kind) == nullptr) {
    return Refuse({{Below(path, "kind"), absl::StrCat("\"", id.kind, "\" is not a kind")}});
  }
  if (id.kind == kWorkspaceKind) {
    if (absl::Status status = CheckMayFound(caller, "delete"); !status.ok()) return status;
  }
  if (store.Has(id)) return absl::OkStatus();
  return TypedError(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE",
                    id.workspace.empty()
                        ? absl::StrCat(id.Label(), " does not exist")
                        : absl::StrCat(id.Label(), " does not exist in workspace ", id.workspace));
}

}  // namespace

absl::StatusOr<ChangePlan> PlanApply(const ConfigStore& store, const v1::ApplyRequest& request,
                                     const Act& act, int32_t partition_numbers) {
  if (absl::Status status = CheckSize(request.resources_size()); !status.ok()) return status;
  if (request.expected_revision() != 0 && request.expected_revision() != store.revision()) {
    return TypedError(
        absl::StatusCode::kAborted, "REVISION_CHANGED",
        absl::StrCat("expected_revision ", request.expected_revision(), " is not the present one, ",
                     store.revision(), "; read again what has changed and repeat"),
        {{"revision", absl::StrCat(store.revision())}});
  }
  return ApplyPlanner(store, act, partition_numbers).Plan(request);
}

absl::StatusOr<ChangePlan> PlanDelete(const ConfigStore& store, const v1::DeleteRequest& request,
                                      const Act& act) {
  if (absl::Status status = CheckSize(request.resources_size()); !status.ok()) return status;
  ChangePlan plan;
  std::set<ResourceId> gone;
  for (int i = 0; i < request.resources_size(); ++i) {
    const ResourceId id = IdOf(request.resources(i));
    if (absl::Status status = CheckDeletable(store, id, PathOf(i), act.caller); !status.ok()) {
      return status;
    }
    if (!gone.insert(id).second) continue;
    plan.changes.push_back(MakeChange(v1::Change::ACTION_DELETED, id));
    plan.deleted.push_back(id);
  }
  for (auto& [id, referrers] : ReferrersOf(store, gone)) return StillReferredTo(id, referrers);
  plan.revision = store.revision() + 1;
  return plan;
}

}  // namespace trama::config
