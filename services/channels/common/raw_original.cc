#include "services/channels/common/raw_original.h"

#include <utility>

namespace trama::channels {

bool CanHoldOriginal(const std::string& raw, size_t interactions) {
  return raw.size() * interactions <= kHeldOriginalBytesMax;
}

bool HoldOriginal(const std::string& raw, const std::string& content_type,
                  std::span<interaction::v1::Interaction> interactions) {
  return CanHoldOriginal(raw, interactions.size()) &&
         HoldOriginal(std::string(raw), content_type, interactions);
}

bool HoldOriginal(std::string&& raw, const std::string& content_type,
                  std::span<interaction::v1::Interaction> interactions) {
  if (!CanHoldOriginal(raw, interactions.size())) return false;
  for (interaction::v1::Interaction& interaction : interactions) {
    interaction.set_raw_content_type(content_type);
    if (&interaction == &interactions.back()) {
      interaction.set_raw_original(std::move(raw));
    } else {
      interaction.set_raw_original(raw);
    }
  }
  return true;
}

}  // namespace trama::channels
