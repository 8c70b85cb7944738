#include "services/config/change_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/config/plan_parts.h"
#include "services/config/references.h"
#include "services/config/secrets.h"
#include "services/config/spec_checks.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

constexpr size_t kReferrersShownMax = 10;

std::string PathOf(int index) { return absl::StrCat("resources[", index, "]"); }

absl::Status CheckSize(int count) {
  if (count == 0) return Refuse({{"resources", "is empty: nothing to do"}});
  if (count > kResourcesPerCallMax) {
    return Refuse({{"resources", absl::StrCat("has ", count, " entries; at most ",
                                              kResourcesPerCallMax, " in one call")}});
  }
  return absl::OkStatus();
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
      if (old != nullptr && SaysTheSame(*old, wanted)) {
        plan.changes.push_back(MakeChange(v1::Change::ACTION_UNCHANGED, id));
        continue;
      }
      plan.changes.push_back(
          MakeChange(old == nullptr ? v1::Change::ACTION_CREATED : v1::Change::ACTION_CHANGED, id));
      Sign(wanted, revision, act_);
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
  if (absl::Status status = CheckExpected(store, request.expected_revision()); !status.ok()) {
    return status;
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
