#pragma once

#include <vector>

#include "services/config/change_plan.h"

namespace trama::config {

inline constexpr size_t kDifferencesPerResourceMax = 100;
inline constexpr size_t kDifferencesMax = 2000;          // In one answer.
inline constexpr size_t kDifferenceValueMaxBytes = 512;  // Of a value that is shown.

// What differs between two states of a resource, in the order of its fields; null: there is none.
// Not both null.
v1::ResourceDifference DifferenceOf(const v1::Resource* before, const v1::Resource* after);

// What `plan` would do to the resources of `before`, in the order of its changes. Behind
// kDifferencesMax fields resources are only named.
std::vector<v1::ResourceDifference> DifferencesOf(const ConfigStore& before,
                                                  const ChangePlan& plan);

}  // namespace trama::config
