#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/config/config_store.h"
#include "services/config/field_checks.h"
#include "services/kernel/caller.h"

namespace trama::config {

// The secret references of a resource with their paths within it; empty ones are left out.
std::vector<std::pair<std::string, std::string>> SecretsOf(const v1::Resource& resource);

// Adds a violation for each reference that a caller who is bound to a workspace would introduce: a
// reference names any file or variable of the services, those of other workspaces too, and what it
// names is sent to servers that he chooses. He may use those that his workspace in `before` has.
void CheckSecretsAreKnown(const v1::Resource& resource, const ConfigStore& before,
                          const Caller& caller, const std::string& path, Violations& out);

}  // namespace trama::config
