#include "services/platform/kafka/expired_records.h"

#include "services/platform/base/log.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kAskWait = absl::Seconds(5);

}  // namespace

void SkipExpiredRecords(GroupConsumer& consumer, CounterFamily& gaps) {
  for (const TopicPartition& each : consumer.assignment()) {
    const int64_t position = consumer.Position(each);
    const absl::StatusOr<Watermarks> marks = consumer.QueryWatermarks(each, kAskWait);
    if (!marks.ok() || position < 0 || position >= marks->low) continue;
    gaps.With({each.topic}).Increment();
    Log(LogLevel::kError, "records expired before they were read",
        {{"topic", each.topic},
         {"partition", each.partition},
         {"position", position},
         {"oldest", marks->low}});
    // What does not succeed is out of range again at the next Poll().
    (void)consumer.Seek({each.topic, each.partition, marks->low}, kAskWait);
  }
}

}  // namespace trama::platform
