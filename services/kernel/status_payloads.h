#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

// The payloads of an error (its typed details) as bytes, for rows.
namespace trama {

// In the order of their type URLs, so that equal errors give equal bytes. Empty when there are none
// or when they need more than `bytes_max`.
std::string PackPayloads(const absl::Status& status, size_t bytes_max);

// Puts them back. Stops at the first byte that cannot be read: a detail less is no harm.
void UnpackPayloads(std::string_view packed, absl::Status& status);

}  // namespace trama
