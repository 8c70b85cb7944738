#include "services/platform/config/config_follower.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/resources/resources.h"
#include "services/platform/base/clock.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::platform {
namespace {

using config::v1::ConfigRecord;
using ::testing::ElementsAre;

constexpr absl::Duration kWaitMax = absl::Seconds(30);

class ConfigFollowerTest : public testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    topic_ = NewTopic("config", 1, {{"cleanup.policy", "compact"}});
    producer_ = *TransactionalProducer::Create(config(), {.transactional_id = Unique("owner")});
    ASSERT_TRUE(producer_->Init(kWaitMax).ok());
  }

  Record Queue(int64_t revision, const std::string& name) {
    ConfigRecord record;
    record.set_revision(revision);
    record.mutable_resource()->set_kind("Queue");
    record.mutable_resource()->mutable_metadata()->set_workspace("demo");
    record.mutable_resource()->mutable_metadata()->set_name(name);
    return Of(ResourceKey(record.resource()), record.SerializeAsString());
  }
  Record Close(int64_t revision) {
    ConfigRecord record;
    record.set_revision(revision);
    record.mutable_closed();
    return Of("revision", record.SerializeAsString());
  }
  Record Of(std::string key, std::optional<std::string> value) {
    return {.topic = topic_, .partition = 0, .key = std::move(key), .value = std::move(value)};
  }

  void Begin(const std::vector<Record>& records) {
    ASSERT_TRUE(producer_->Begin().ok());
    for (const Record& record : records) ASSERT_TRUE(producer_->Produce(record).ok());
  }
  void Commit() {
    const absl::Status committed = producer_->Commit(kWaitMax);
    ASSERT_TRUE(committed.ok()) << committed;
  }
  void Apply(const std::vector<Record>& records) {
    Begin(records);
    Commit();
  }

  std::unique_ptr<ConfigFollower> Follow() {
    auto follower = ConfigFollower::Start({.kafka = config(), .topic = topic_}, health_, metrics_);
    EXPECT_TRUE(follower.ok()) << follower.status();
    return *std::move(follower);
  }

  static std::vector<std::string> Names(const ConfigView& view) {
    std::vector<std::string> names;
    for (const auto& resource : view.snapshot()->resources()) {
      names.push_back(resource.metadata().name());
    }
    return names;
  }

  SystemClock clock_;
  Health health_{clock_};
  Metrics metrics_;
  std::string topic_;
  std::unique_ptr<TransactionalProducer> producer_;
};

TEST_F(ConfigFollowerTest, IsReadyWithRevisionZeroWhenNothingWasEverApplied) {
  const auto follower = Follow();
  const auto view = follower->Fresh(kWaitMax);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)->revision(), 0);
  EXPECT_TRUE(follower->caught_up());
  EXPECT_TRUE(health_.Ready().fine);
}

TEST_F(ConfigFollowerTest, FreshHoldsWhatWasAppliedBefore) {
  const auto follower = Follow();
  Apply({Queue(1, "a"), Close(1)});
  EXPECT_THAT(Names(**follower->Fresh(kWaitMax)), ElementsAre("a"));
  Apply({Queue(2, "b"), Of(ResourceKey("Queue", "demo", "a"), std::nullopt), Close(2)});
  EXPECT_THAT(Names(**follower->Fresh(kWaitMax)), ElementsAre("b"));
}

TEST_F(ConfigFollowerTest, ARevisionIsSeenWhenItIsCommittedAndNotBefore) {
  Apply({Queue(1, "a"), Close(1)});
  const auto follower = Follow();
  ASSERT_TRUE(follower->Fresh(kWaitMax).ok());
  Begin({Queue(2, "b"), Close(2)});
  // May wait for the open transaction, in vain.
  (void)follower->Fresh(absl::Milliseconds(200));
  EXPECT_EQ(follower->Current()->revision(), 1);
  Commit();
  EXPECT_EQ((*follower->Fresh(kWaitMax))->revision(), 2);
}

TEST_F(ConfigFollowerTest, ListenersHearARevisionThatIsAppliedLater) {
  const auto follower = Follow();
  ASSERT_TRUE(follower->Fresh(kWaitMax).ok());
  std::mutex mutex;
  std::vector<int64_t> heard;
  const auto subscription = follower->Subscribe([&](const ConfigPtr& view) {
    std::lock_guard lock(mutex);
    heard.push_back(view->revision());
  });
  Apply({Queue(1, "a"), Close(1)});
  Apply({Queue(2, "b"), Close(2)});
  // Fresh comes back only after the listeners of what it waits for.
  ASSERT_TRUE(follower->Fresh(kWaitMax).ok());
  std::lock_guard lock(mutex);
  EXPECT_THAT(heard, ElementsAre(1, 2));
}

TEST_F(ConfigFollowerTest, AfterARecordThatCannotBeReadTheLastRevisionStandsAndItIsNotReady) {
  Apply({Queue(1, "a"), Close(1)});
  const auto follower = Follow();
  ASSERT_TRUE(follower->Fresh(kWaitMax).ok());
  Apply({Of("Queue/demo/b", "\xff\xff"), Close(2)});
  EXPECT_EQ(follower->Fresh(kWaitMax).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(follower->Current()->revision(), 1);
  EXPECT_FALSE(health_.Ready().fine);
}

}  // namespace
}  // namespace trama::platform
