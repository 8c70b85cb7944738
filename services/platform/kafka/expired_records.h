#pragma once

#include "services/platform/base/metrics.h"
#include "services/platform/kafka/group_consumer.h"

namespace trama::platform {

// The way on after GroupConsumer::Poll said OUT_OF_RANGE: retention was faster than the reader.
// Each partition whose position is gone goes on at its oldest record; the loss is logged and
// counted in `gaps`, which has the label "topic".
void SkipExpiredRecords(GroupConsumer& consumer, CounterFamily& gaps);

}  // namespace trama::platform
