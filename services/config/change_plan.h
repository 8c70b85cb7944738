#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/config_store.h"
#include "services/kernel/caller.h"

namespace trama::config {

inline constexpr int kResourcesPerCallMax = 1000;
inline constexpr size_t kResourcesMax = 100'000;

// What a call changes, decided and checked: the next revision.
struct ChangePlan {
  int64_t revision = 0;             // The store's own when nothing changes.
  std::vector<v1::Change> changes;  // One per resource of the request, in its order.
  std::vector<v1::Resource> written;
  std::vector<ResourceId> deleted;
  int64_t restored_revision = 0;  // Of a rollback: what it goes back to.

  bool empty() const { return written.empty() && deleted.empty(); }
};

// Who acts, and when.
struct Act {
  Caller caller;
  absl::Time at;
};

// INVALID_ARGUMENT with every mistake of the request, PERMISSION_DENIED for another workspace,
// ABORTED (reason REVISION_CHANGED) when expected_revision is another than the store's.
//
// A new workspace gets the partition number below `partition_numbers` that the fewest have, the
// lowest of several. Equal resources are not written again.
absl::StatusOr<ChangePlan> PlanApply(const ConfigStore& store, const v1::ApplyRequest& request,
                                     const Act& act, int32_t partition_numbers);

// NOT_FOUND for a resource that does not exist, FAILED_PRECONDITION (reason STILL_REFERRED_TO) that
// names what refers to it, or what a workspace still holds.
absl::StatusOr<ChangePlan> PlanDelete(const ConfigStore& store, const v1::DeleteRequest& request,
                                      const Act& act);

}  // namespace trama::config
