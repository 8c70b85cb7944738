#pragma once

#include <set>
#include <string>

#include "absl/time/time.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/group_consumer.h"

namespace trama::platform {

// Says from time to time how far a consumer is behind. Not thread-safe: for the consumer's thread.
class LagMeter {
 public:
  static constexpr absl::Duration kEvery = absl::Seconds(15);

  // `lag` has the label "topic": records not read yet, of the partitions held here; 0 when all of a
  // topic's have gone to somebody else, who tells of them from then on.
  explicit LagMeter(GaugeFamily& lag) : lag_(lag) {}

  // When it is time again. Asks the broker about each partition; beats meanwhile.
  void Measure(GroupConsumer& consumer, absl::Time now, Heartbeat& heartbeat);

 private:
  GaugeFamily& lag_;
  std::set<std::string> told_;  // Topics of which something was told.
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace trama::platform
