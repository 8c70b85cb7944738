#pragma once

#include "absl/time/time.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/group_consumer.h"

namespace trama::platform {

// Says from time to time how far a consumer is behind. Not thread-safe: for the consumer's thread.
class LagMeter {
 public:
  static constexpr absl::Duration kEvery = absl::Seconds(15);

  // `lag` has the label "topic": records not read yet, of the partitions held here.
  explicit LagMeter(GaugeFamily& lag) : lag_(lag) {}

  // When it is time again. Asks the broker about each partition; beats meanwhile.
  void Measure(GroupConsumer& consumer, absl::Time now, Heartbeat& heartbeat);

 private:
  GaugeFamily& lag_;
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace trama::platform
