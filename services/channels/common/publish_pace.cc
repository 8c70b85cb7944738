#include "services/channels/common/publish_pace.h"

namespace trama::channels {

bool ArrivalRate::IsHigh(absl::Duration now, size_t records) {
  const absl::Duration passed = now - began_;
  if (passed >= kTogether) {
    high_ = counted_ >= kMany && passed < 2 * kTogether;
    began_ = now;
    counted_ = 0;
  }
  counted_ += records;
  return high_;
}

}  // namespace trama::channels
