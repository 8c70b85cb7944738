#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace trama::platform {

// Rows of a changelog by their key.
using Rows = absl::flat_hash_map<std::string, std::string>;

// As machines expect them when they are loaded: in the order of their keys, by bytes. The pointers
// are valid as long as `rows` is not changed.
std::vector<const Rows::value_type*> InKeyOrder(const Rows& rows);

}  // namespace trama::platform
