#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "services/config/change_plan.h"
#include "services/config/field_checks.h"

// What the plans of Apply, Delete and Rollback have in common.
namespace trama::config {

// INVALID_ARGUMENT with as many of the mistakes as an answer can carry; at least one.
absl::Status Refuse(const Violations& violations);

// ABORTED (reason REVISION_CHANGED) unless `expected` is 0 or the store's revision.
absl::Status CheckExpected(const ConfigStore& store, int64_t expected);

// PERMISSION_DENIED for a resource of a workspace that the caller has nothing to do with.
absl::Status CheckTenant(const Caller& caller, const ResourceId& id);

// PERMISSION_DENIED unless the caller may create and delete workspaces. `what`: "create".
absl::Status CheckMayFound(const Caller& caller, const char* what);

v1::Change MakeChange(v1::Change::Action action, const ResourceId& id);

// Without what the service itself sets: revision, author, time.
v1::Resource Stripped(v1::Resource resource);

// Sets revision, author and time.
void Sign(v1::Resource& resource, int64_t revision, const Act& act);

// Equal but for what the service itself sets; `b` is without it already.
bool SaysTheSame(const v1::Resource& a, const v1::Resource& b);

}  // namespace trama::config
