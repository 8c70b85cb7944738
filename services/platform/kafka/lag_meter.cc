#include "services/platform/kafka/lag_meter.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace trama::platform {
namespace {

constexpr absl::Duration kMarksWait = absl::Seconds(5);

}  // namespace

void LagMeter::Measure(GroupConsumer& consumer, absl::Time now, Heartbeat& heartbeat) {
  if (now < next_) return;
  next_ = now + kEvery;
  std::map<std::string, int64_t> behind;
  for (const std::string& topic : told_) behind[topic] = 0;
  for (const TopicPartition& place : consumer.assignment()) {
    heartbeat.Beat();
    int64_t& sum = behind[place.topic];
    const absl::StatusOr<Watermarks> marks = consumer.QueryWatermarks(place, kMarksWait);
    const int64_t position = consumer.Position(place);
    if (!marks.ok()) return;  // The broker is away: it would be so for all of them.
    if (position >= 0) sum += std::max<int64_t>(0, marks->high - position);
  }
  for (const auto& [topic, sum] : behind) {
    told_.insert(topic);
    lag_.With({topic}).Set(static_cast<double>(sum));
  }
}

}  // namespace trama::platform
