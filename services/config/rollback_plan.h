#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "services/config/change_plan.h"

namespace trama::config {

// More changes at once than this would not fit into one record of the history.
inline constexpr size_t kRollbackChangesMax = 5000;

// What makes everything (of request.workspace, or at all) as it is in `target`, the store at
// request.revision. The outcome is checked as a whole, as what is applied is: rules may have become
// stricter since, and other workspaces may have taken an address. Refusals as PlanApply's; the
// fields of violations begin with the key of the resource. A workspace that exists keeps its
// partition; one that is made again gets the one that it had.
absl::StatusOr<ChangePlan> PlanRollback(const ConfigStore& store, const ConfigStore& target,
                                        const v1::RollbackRequest& request, const Act& act,
                                        int32_t partition_numbers);

}  // namespace trama::config
