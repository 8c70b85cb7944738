// On a real broker: what two replicas do to each other.

#include "services/config/kafka_revision_log.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/applier.h"
#include "services/config/history_page.h"
#include "services/config/test_resources.h"
#include "services/kernel/errors.h"
#include "services/platform/config/config_follower.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::config {
namespace {

using ::testing::ElementsAre;
using namespace testing;  // NOLINT: the builders of this service.

constexpr absl::Duration kPatience = absl::Seconds(30);

class KafkaRevisionLogTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    config_topic_ = NewTopic("config", 1, {{"cleanup.policy", "compact"}});
    history_topic_ = NewTopic("history", 1);
  }

  // One replica of the service.
  struct Replica {
    Replica(KafkaRevisionLogOptions options, const std::string& name)
        : log(*KafkaRevisionLog::Start(std::move(options), clock, health, metrics,
                                       [](const absl::Status& why) { FAIL() << why; })),
          applier(*log, clock, 4, [name, n = 0]() mutable { return name + std::to_string(++n); }) {}

    auto Apply(const std::vector<v1::Resource>& resources, const std::string& command_id = "") {
      v1::ApplyRequest request = Request(resources);
      request.set_command_id(command_id);
      return applier.Apply({.subject = "root", .roles = {"admin"}}, request,
                           clock.Now() + kPatience);
    }
    auto Delete(const std::vector<std::string>& keys) {
      return applier.Delete({.subject = "root", .roles = {"admin"}}, DeleteOf(keys),
                            clock.Now() + kPatience);
    }
    absl::StatusOr<v1::HistoryResponse> History(const v1::HistoryRequest& request) {
      auto page = HistoryPage::For(request);
      if (!page.ok()) return page.status();
      const absl::Status read = log->ReadHistory(
          clock.Now() + kPatience, [&](const HistorySpan& whole) { return page->Choose(whole); },
          [&](const HistoryRecord& record) -> absl::StatusOr<bool> {
            return page->Take(record).ok();
          });
      if (!read.ok()) return read;
      return std::move(*page).Finish();
    }

    platform::SystemClock clock;
    platform::Metrics registry;
    ConfigMetrics metrics{registry};
    platform::Health health{clock};
    std::unique_ptr<KafkaRevisionLog> log;
    Applier applier;
  };

  std::unique_ptr<Replica> Start(const std::string& name) {
    return std::make_unique<Replica>(Options(), name);
  }
  KafkaRevisionLogOptions Options() {
    return {.kafka = config(),
            .config_topic = config_topic_,
            .history_topic = history_topic_,
            .transactional_id = Unique("trama-config-0")};
  }

  std::vector<std::string> KeysOf(const std::string& topic) {
    std::vector<std::string> keys;
    for (const platform::Record& record : ReadAll(topic, 0)) {
      keys.push_back(record.key + (record.value.has_value() ? "" : " (gone)"));
    }
    return keys;
  }

  std::string config_topic_;
  std::string history_topic_;
};

TEST_F(KafkaRevisionLogTest, RevisionStandsOnBothTopicsWithItsClose) {
  auto replica = Start("a");
  ASSERT_TRUE(replica->Apply({Workspace("demo"), Queue("demo", "q")}).ok());
  const auto deleted = replica->Delete({"Queue/demo/q"});
  ASSERT_TRUE(deleted.ok()) << deleted.status();

  EXPECT_THAT(KeysOf(config_topic_), ElementsAre("Workspace//demo", "Queue/demo/q", "revision",
                                                 "Queue/demo/q (gone)", "revision"));
  EXPECT_THAT(KeysOf(history_topic_), ElementsAre("Workspace//demo", "Queue/demo/q", "revision",
                                                  "Queue/demo/q", "revision"));
  const auto event = platform::ParseEventHeaders(ReadAll(config_topic_, 0)[0]);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "trama.config.v1.Resource");
  EXPECT_EQ(event->source, "/trama/config");
}

TEST_F(KafkaRevisionLogTest, RestartKnowsEverything) {
  ASSERT_TRUE(Start("a")->Apply({Workspace("demo"), Queue("demo", "q")}, "c1").ok());

  auto restarted = Start("b");
  const auto repeat = restarted->Apply({Workspace("demo"), Queue("demo", "q")}, "c1");
  ASSERT_TRUE(repeat.ok()) << repeat.status();
  EXPECT_EQ(repeat->revision(), 1);
  EXPECT_EQ(repeat->changes(0).action(), v1::Change::ACTION_CREATED) << "the first answer";
  EXPECT_EQ(restarted->Apply({Skill("demo", "s")})->revision(), 2);
}

TEST_F(KafkaRevisionLogTest, ReplicasTakeTurns) {
  auto a = Start("a");
  auto b = Start("b");
  ASSERT_TRUE(a->Apply({Workspace("demo")}).ok());
  for (int i = 1; i <= 3; ++i) {
    Replica& replica = i % 2 == 0 ? *a : *b;
    const auto applied = replica.Apply({Queue("demo", "q" + std::to_string(i))});
    ASSERT_TRUE(applied.ok()) << applied.status();
    EXPECT_EQ(applied->revision(), 1 + i);
  }
  EXPECT_EQ(a->Apply({Skill("demo", "s")})->revision(), 5);
  EXPECT_EQ(a->log->Current()->resources().size(), 5u);
}

TEST_F(KafkaRevisionLogTest, ReplicaThatWasFencedDecidesOnWhatStands) {
  auto a = Start("a");
  auto b = Start("b");
  ASSERT_TRUE(a->Apply({Workspace("demo"), Queue("demo", "q")}).ok());
  ASSERT_TRUE(b->Delete({"Queue/demo/q"}).ok());
  // a believes to be the owner still; what it decides must count with the deletion.
  EXPECT_EQ(a->Delete({"Queue/demo/q"}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(a->Apply({Workspace("demo")})->revision(), 2);
}

TEST_F(KafkaRevisionLogTest, RepeatAtTheReplicaThatWasFencedGetsTheFirstAnswer) {
  auto a = Start("a");
  auto b = Start("b");
  ASSERT_TRUE(a->Apply({Workspace("demo")}).ok());
  const auto first = b->Apply({Queue("demo", "q")}, "c1");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(a->Apply({Queue("demo", "q")}, "c1")->DebugString(), first->DebugString());
}

TEST_F(KafkaRevisionLogTest, AppendOfAFencedOwnerLeavesNoTrace) {
  auto a = Start("a");
  auto b = Start("b");
  ASSERT_TRUE(a->Apply({Workspace("demo")}).ok());
  const absl::Time deadline = a->clock.Now() + kPatience;
  const auto owned = a->log->Own(deadline);
  ASSERT_TRUE(owned.ok()) << owned.status();
  ASSERT_TRUE(b->log->Own(deadline).ok());

  Revision revision;
  revision.plan.revision = 2;
  revision.plan.written = {Queue("demo", "lost")};
  revision.command = "x";
  EXPECT_FALSE(a->log->Append(revision, deadline).ok());
  EXPECT_EQ(b->Apply({Queue("demo", "kept")})->revision(), 2);
  EXPECT_THAT(KeysOf(config_topic_),
              ElementsAre("Workspace//demo", "revision", "Queue/demo/kept", "revision"));
}

TEST_F(KafkaRevisionLogTest, TakesOverWhileTheDeadOwnersTransactionIsOpen) {
  ASSERT_TRUE(Start("a")->Apply({Workspace("demo")}).ok());
  // As a process that was killed between the first record and the commit.
  auto dead = platform::TransactionalProducer::Create(
      config(), {.transactional_id = Options().transactional_id});
  ASSERT_TRUE(dead.ok()) << dead.status();
  ASSERT_TRUE((*dead)->Init(kPatience).ok());
  ASSERT_TRUE((*dead)->Begin().ok());
  platform::Record record;
  record.topic = config_topic_;
  record.partition = 0;
  record.key = "Queue/demo/torn";
  record.value = "";
  ASSERT_TRUE((*dead)->Produce(record).ok());

  auto b = Start("b");
  const auto applied = b->Apply({Queue("demo", "q")});
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->revision(), 2);
  EXPECT_FALSE(b->log->Current()->Has({"Queue", "demo", "torn"}));
}

TEST_F(KafkaRevisionLogTest, FollowersOfThePlatformReadTheSame) {
  auto replica = Start("a");
  ASSERT_TRUE(replica->Apply({Workspace("demo"), Workspace("acme"), Queue("demo", "q")}).ok());
  ASSERT_TRUE(replica->Delete({"Queue/demo/q"}).ok());

  platform::SystemClock clock;
  platform::Health health(clock);
  platform::Metrics metrics;
  auto follower =
      platform::ConfigFollower::Start({.kafka = config(), .topic = config_topic_}, health, metrics);
  ASSERT_TRUE(follower.ok()) << follower.status();
  const auto seen = (*follower)->Wait(2, kPatience);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ((*seen)->revision(), 2);
  EXPECT_EQ((*seen)->snapshot()->resources_size(), 2);
  EXPECT_EQ(*(*seen)->PartitionOf("demo"), 0);
  EXPECT_EQ(*(*seen)->PartitionOf("acme"), 1);
}

TEST_F(KafkaRevisionLogTest, AnyReplicaReadsTheHistoryAndRollsBack) {
  auto a = Start("a");
  auto b = Start("b");
  ASSERT_TRUE(a->Apply({Workspace("demo"), Queue("demo", "q")}).ok());
  ASSERT_TRUE(a->Delete({"Queue/demo/q"}).ok());
  ASSERT_TRUE(b->Apply({Skill("demo", "s")}).ok());

  v1::RollbackRequest request;
  request.set_revision(1);
  const auto back = b->applier.Rollback({.subject = "chief", .roles = {"admin"}}, request,
                                        b->clock.Now() + kPatience);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->revision(), 4);
  EXPECT_TRUE(b->log->Current()->Has({"Queue", "demo", "q"}));
  EXPECT_FALSE(b->log->Current()->Has({"Skill", "demo", "s"}));

  v1::HistoryRequest wanted;
  wanted.set_page_size(3);
  const auto newest = a->History(wanted);
  ASSERT_TRUE(newest.ok()) << newest.status();
  ASSERT_EQ(newest->revisions_size(), 3);
  EXPECT_EQ(newest->revisions(0).author(), "chief");
  EXPECT_EQ(newest->revisions(0).restored_revision(), 1);
  wanted.set_page_token(newest->next_page_token());
  const auto rest = a->History(wanted);
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_EQ(rest->revisions_size(), 1);
  EXPECT_EQ(rest->revisions(0).revision(), 1);
  EXPECT_EQ(rest->next_page_token(), "");
}

TEST_F(KafkaRevisionLogTest, IsReadyOnceTheTopicWasRead) {
  ASSERT_TRUE(Start("a")->Apply({Workspace("demo")}).ok());
  auto b = Start("b");
  ASSERT_TRUE(b->log->Own(b->clock.Now() + kPatience).ok());
  EXPECT_TRUE(b->health.Ready().fine);
  EXPECT_TRUE(b->log->Current()->Has({"Workspace", "", "demo"}));
}

}  // namespace
}  // namespace trama::config
