#include "services/channels/common/raw_original.h"

namespace trama::channels {

bool HoldOriginal(const std::string& raw, const std::string& content_type,
                  std::span<interaction::v1::Interaction> interactions) {
  if (raw.size() * interactions.size() > kHeldOriginalBytesMax) return false;
  for (interaction::v1::Interaction& interaction : interactions) {
    interaction.set_raw_original(raw);
    interaction.set_raw_content_type(content_type);
  }
  return true;
}

}  // namespace trama::channels
