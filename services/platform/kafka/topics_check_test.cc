#include "services/platform/kafka/topics_check.h"

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using testing::kWait;

class TopicsCheckTest : public testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    file_.topics = {{.name = Unique("events"), .partitions = 2, .keep = absl::Hours(24)}};
    DeleteAfterwards(file_.topics[0].name);
  }

  std::unique_ptr<TopicsCheck> Start(const KafkaConfig& kafka) {
    return TopicsCheck::Start(
        {.kafka = kafka,
         .file = file_,
         .topics = {file_.topics[0].name},
         .differ_max = absl::Milliseconds(300),
         .on_difference = [this](const absl::Status& why) { difference_.set_value(why); }},
        health_);
  }

  bool IsReadyInTime() {
    return WaitUntil([this] { return health_.Ready().fine; });
  }

  TopicsFile file_;
  SystemClock clock_;
  Health health_{clock_};
  std::promise<absl::Status> difference_;
  std::future<absl::Status> differs_ = difference_.get_future();
};

bool IsTold(const std::future<absl::Status>& difference, absl::Duration within) {
  return difference.wait_for(absl::ToChronoMilliseconds(within)) == std::future_status::ready;
}

TEST_F(TopicsCheckTest, ReadyOnceTheyAreAsDeclared) {
  ASSERT_TRUE(EnsureTopics(admin(), file_, kWait).ok());
  const auto check = Start(config());
  EXPECT_TRUE(IsReadyInTime());
  EXPECT_FALSE(IsTold(differs_, absl::ZeroDuration()));
}

TEST_F(TopicsCheckTest, ADifferenceThatStaysIsTold) {
  ASSERT_TRUE(EnsureTopics(admin(), file_, kWait).ok());
  file_.topics[0].keep = absl::Hours(48);
  const auto check = Start(config());
  ASSERT_TRUE(IsTold(differs_, kWait));
  const absl::Status why = differs_.get();
  EXPECT_EQ(why.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(why.message(), HasSubstr(file_.topics[0].name + " has retention.ms=86400000"));
  EXPECT_FALSE(health_.Ready().fine);
}

TEST_F(TopicsCheckTest, WithoutABrokerItWaits) {
  KafkaConfig nowhere = config();
  nowhere.brokers = "127.0.0.1:1";
  const auto check = Start(nowhere);
  EXPECT_FALSE(IsTold(differs_, absl::Milliseconds(500)));
  EXPECT_FALSE(health_.Ready().fine);
}

}  // namespace
}  // namespace trama::platform
