#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::channels {

// An original whose copies are not larger together travels in its interactions: a file for each
// short message would cost more than all the rest of its way.
inline constexpr size_t kHeldOriginalBytesMax = 8 * 1024;

bool CanHoldOriginal(const std::string& raw, size_t interactions);

// Puts a copy of `raw` into each of them. False, and nothing is changed, when that would be too
// much: then it belongs in the blob store.
bool HoldOriginal(const std::string& raw, const std::string& content_type,
                  std::span<interaction::v1::Interaction> interactions);
// The same, and the last one gets `raw` itself.
bool HoldOriginal(std::string&& raw, const std::string& content_type,
                  std::span<interaction::v1::Interaction> interactions);

}  // namespace trama::channels
