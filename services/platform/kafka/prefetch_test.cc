// What a consumer fetches ahead, on a real broker.

#include <random>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using testing::kWait;
using testing::Noise;

class PrefetchTest : public testing::BrokerTest {
 protected:
  // Of all partitions, each to its end, with 100 KiB fetched ahead.
  std::vector<std::string> ReadAll(const std::string& topic, int32_t partitions) {
    const auto consumer = Consumer::Create(config(), {.prefetch_kib_max = 100});
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    std::vector<TopicPartitionOffset> from;
    for (int32_t i = 0; i < partitions; ++i) from.push_back({topic, i, kOffsetBeginning});
    EXPECT_EQ((*consumer)->Assign(from), absl::OkStatus());
    std::vector<std::string> values;
    EXPECT_EQ((*consumer)->ReadToEnd(absl::Now() + kWait,
                                     [&](const Record& record) {
                                       values.push_back(record.value.value_or(""));
                                       return absl::OkStatus();
                                     }),
              absl::OkStatus());
    return values;
  }
};

// The fetchers have to be started again and again.
TEST_F(PrefetchTest, ABacklogThatIsLargerIsRead) {
  const std::string topic = NewTopic("backlog", 2);
  const std::vector<std::string> values(2'000, std::string(1'000, 'x'));
  Write(topic, 0, values);
  Write(topic, 1, values);
  EXPECT_EQ(ReadAll(topic, 2).size(), 4'000u);
}

TEST_F(PrefetchTest, ARecordThatIsLargerThanAllOfItIsRead) {
  const std::string topic = NewTopic("large", 1);
  const std::string large = Noise(900'000);
  Write(topic, 0, {"before", large, "behind"});
  EXPECT_THAT(ReadAll(topic, 1), ElementsAre("before", large, "behind"));
}

}  // namespace
}  // namespace trama::platform
