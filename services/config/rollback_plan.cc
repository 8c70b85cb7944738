#include "services/config/rollback_plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/plan_parts.h"
#include "services/config/references.h"
#include "services/config/secrets.h"
#include "services/config/spec_checks.h"

namespace trama::config {
namespace {

class RollbackPlanner {
 public:
  RollbackPlanner(const ConfigStore& store, const ConfigStore& target, const Act& act,
                  const std::string& workspace, int32_t partition_numbers)
      : store_(store),
        target_(target),
        next_(store),
        act_(act),
        workspace_(workspace),
        partition_numbers_(partition_numbers) {}

  absl::StatusOr<ChangePlan> Plan() {
    plan_.revision = store_.revision() + 1;
    for (const auto& [id, resource] : target_.resources()) {
      if (!InScope(id)) continue;
      if (absl::Status status = Restore(id, *resource); !status.ok()) return status;
    }
    for (const auto& [id, resource] : store_.resources()) {
      if (!InScope(id) || target_.Has(id)) continue;
      if (absl::Status status = Remove(id); !status.ok()) return status;
    }
    CheckWhole();
    if (!wrong_.empty()) return Refuse(wrong_);
    if (plan_.empty()) plan_.revision = store_.revision();
    return std::move(plan_);
  }

 private:
  bool InScope(const ResourceId& id) const {
    return workspace_.empty() || id.tenant() == workspace_;
  }

  absl::Status Restore(const ResourceId& id, const v1::Resource& old) {
    const v1::Resource* present = store_.Find(id);
    v1::Resource wanted = Stripped(old);
    if (wanted.has_workspace()) {
      if (absl::Status status = SettleWorkspace(id, present, wanted); !status.ok()) return status;
    }
    if (present != nullptr && SaysTheSame(*present, wanted)) return absl::OkStatus();
    if (absl::Status status = CheckTenant(act_.caller, id); !status.ok()) return status;
    CheckResource(wanted, id.Key(), wrong_);
    CheckSecretsAreKnown(wanted, store_, act_.caller, id.Key(), wrong_);
    plan_.changes.push_back(MakeChange(
        present == nullptr ? v1::Change::ACTION_CREATED : v1::Change::ACTION_CHANGED, id));
    next_.Put(wanted);
    written_.emplace_back(id.Key(), id);
    Sign(wanted, plan_.revision, act_);
    plan_.written.push_back(std::move(wanted));
    return absl::OkStatus();
  }

  absl::Status SettleWorkspace(const ResourceId& id, const v1::Resource* present,
                               v1::Resource& wanted) {
    v1::WorkspaceSpec& spec = *wanted.mutable_workspace();
    if (present != nullptr) {
      spec.set_partition(present->workspace().partition());
      return absl::OkStatus();
    }
    if (spec.partition() >= partition_numbers_) {
      AddViolation(wrong_, Below(id.Key(), "spec.partition"),
                   absl::StrCat(spec.partition(), " must be below ", partition_numbers_,
                                ", the number of partitions of the topics now"));
    }
    return CheckMayFound(act_.caller, "create");
  }

  absl::Status Remove(const ResourceId& id) {
    if (absl::Status status = CheckTenant(act_.caller, id); !status.ok()) return status;
    if (id.kind == kWorkspaceKind) {
      if (absl::Status status = CheckMayFound(act_.caller, "delete"); !status.ok()) return status;
    }
    plan_.changes.push_back(MakeChange(v1::Change::ACTION_DELETED, id));
    plan_.deleted.push_back(id);
    next_.Erase(id);
    return absl::OkStatus();
  }

  // What stays as it is may refer to something that goes.
  void CheckWhole() {
    for (const auto& [id, resource] : next_.resources()) {
      if (InScope(id)) CheckReferences(*resource, next_, id.Key(), wrong_);
    }
    CheckDoors(written_, next_, act_.caller, wrong_);
    if (next_.resources().size() > kResourcesMax) {
      AddViolation(wrong_, "revision",
                   absl::StrCat("would make more than ", kResourcesMax, " resources"));
    }
    if (plan_.changes.size() > kRollbackChangesMax) {
      AddViolation(
          wrong_, "revision",
          absl::StrCat("is ", plan_.changes.size(), " changes away; at most ", kRollbackChangesMax,
                       " in one call: go back workspace by "
                       "workspace"));
    }
  }

  const ConfigStore& store_;
  const ConfigStore& target_;
  ConfigStore next_;
  const Act& act_;
  const std::string& workspace_;
  const int32_t partition_numbers_;
  std::vector<std::pair<std::string, ResourceId>> written_;
  ChangePlan plan_;
  Violations wrong_;
};

}  // namespace

absl::StatusOr<ChangePlan> PlanRollback(const ConfigStore& store, const ConfigStore& target,
                                        const v1::RollbackRequest& request, const Act& act,
                                        int32_t partition_numbers) {
  if (absl::Status status = CheckExpected(store, request.expected_revision()); !status.ok()) {
    return status;
  }
  absl::StatusOr<ChangePlan> plan =
      RollbackPlanner(store, target, act, request.workspace(), partition_numbers).Plan();
  if (plan.ok()) plan->restored_revision = request.revision();
  return plan;
}

}  // namespace trama::config
