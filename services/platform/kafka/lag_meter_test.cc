#include "services/platform/kafka/lag_meter.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kShareWait = absl::Seconds(60);
constexpr size_t kUnread = 1000;

class LagMeterTest : public testing::BrokerTest {
 protected:
  std::unique_ptr<GroupConsumer> Join() {
    GroupOptions options;
    options.group = group_;
    options.topics = {one_, other_};
    auto consumer = GroupConsumer::Create(config(), std::move(options));
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    return *std::move(consumer);
  }

  // Reads few records at a time until `reached`; each of `members` must be polled to hand over.
  static bool Poll(const std::vector<GroupConsumer*>& members,
                   const std::function<bool(size_t records)>& reached) {
    const absl::Time deadline = absl::Now() + kShareWait;
    size_t records = 0;
    while (absl::Now() < deadline) {
      for (GroupConsumer* member : members) {
        const absl::StatusOr<RecordBatch> batch = member->Poll(absl::Milliseconds(20), 1);
        EXPECT_TRUE(batch.ok()) << batch.status();
        if (batch.ok()) records += batch->records.size();
      }
      if (reached(records)) return true;
    }
    return false;
  }

  void WriteToBoth(size_t records) {
    for (const std::string& topic : {one_, other_}) {
      Write(topic, 0, std::vector<std::string>(records, "x"));
    }
  }

  double Lag(const std::string& topic) { return lag_.With({topic}).Value(); }

  std::string group_ = Unique("lag");
  std::string one_;
  std::string other_;
  Metrics metrics_;
  GaugeFamily& lag_ = metrics_.Gauge("trama_test_lag_records", "Records.", {"topic"});
  SystemClock clock_;
  Health health_{clock_};
};

TEST_F(LagMeterTest, NothingIsToldOfATopicThatHasGoneToAnother) {
  one_ = NewTopic("one", 1);
  other_ = NewTopic("other", 1);
  WriteToBoth(1);
  const auto heartbeat = health_.AddHeartbeat("test", absl::Minutes(5));
  LagMeter meter(lag_);
  const auto first = Join();
  ASSERT_TRUE(Poll({first.get()}, [](size_t records) { return records == 2; }));
  WriteToBoth(kUnread);
  const absl::Time now = absl::Now();
  meter.Measure(*first, now, *heartbeat);
  EXPECT_EQ(Lag(one_), kUnread);
  EXPECT_EQ(Lag(other_), kUnread);

  const auto second = Join();
  ASSERT_TRUE(
      Poll({first.get(), second.get()}, [&](size_t) { return first->assignment().size() == 1; }));
  const std::string kept = first->assignment().front().topic;
  meter.Measure(*first, now + LagMeter::kEvery, *heartbeat);
  EXPECT_GT(Lag(kept), 0);
  EXPECT_EQ(Lag(kept == one_ ? other_ : one_), 0);
}

}  // namespace
}  // namespace trama::platform
