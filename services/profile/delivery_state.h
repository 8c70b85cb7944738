#pragma once

#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/profile/v1/profile_events.pb.h"

namespace trama::profile {

// Notes what became of an outbound message, if that is news. Statuses are ordered and never go
// back, so records may come late, twice and in any order and give the same in the end:
//
//   of one attempt: attempting < unknown < retrying
//   any attempt < sent < failed < delivered < read; within one rank the later attempt counts
void ApplyDelivery(const delivery::v1::Delivery& delivery, v1::TimelineEntry& entry);

}  // namespace trama::profile
