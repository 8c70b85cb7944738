#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/group_member.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr absl::Duration kGroupWait = absl::Seconds(60);

// What members were told, by name; thread-safe.
class Ledger {
 public:
  GroupMemberOptions Options(const std::string& member, const std::string& group,
                             const std::string& topic) {
    GroupMemberOptions options;
    options.group = group;
    options.topic = topic;
    options.on_assigned = [this, member](const std::vector<int32_t>& numbers) {
      const std::lock_guard lock(mutex_);
      for (const int32_t number : numbers) {
        if (!held_[member].insert(number).second) ++mistakes_;
      }
      ++assignments_[member];
    };
    options.on_revoked = [this, member](const std::vector<int32_t>& numbers) {
      const std::lock_guard lock(mutex_);
      for (const int32_t number : numbers) {
        if (held_[member].erase(number) == 0) ++mistakes_;
        revoked_[member].insert(number);
      }
    };
    options.on_fatal = [this, member](const absl::Status& status) {
      const std::lock_guard lock(mutex_);
      fatal_[member] = status;
    };
    return options;
  }

  std::set<int32_t> Held(const std::string& member) {
    const std::lock_guard lock(mutex_);
    return held_[member];
  }
  std::set<int32_t> Revoked(const std::string& member) {
    const std::lock_guard lock(mutex_);
    return revoked_[member];
  }
  absl::Status Fatal(const std::string& member) {
    const std::lock_guard lock(mutex_);
    return fatal_[member];
  }
  // Numbers that were assigned twice or taken away without being held.
  int mistakes() {
    const std::lock_guard lock(mutex_);
    return mistakes_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::set<int32_t>> held_;
  std::map<std::string, std::set<int32_t>> revoked_;
  std::map<std::string, int> assignments_;
  std::map<std::string, absl::Status> fatal_;
  int mistakes_ = 0;
};

class GroupTest : public testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    topic_ = NewTopic("group", 4);
    group_ = Unique("group");
  }

  std::unique_ptr<GroupMember> Join(const std::string& name, const std::string& instance = "") {
    GroupMemberOptions options = ledger_.Options(name, group_, topic_);
    options.instance_id = instance;
    absl::StatusOr<std::unique_ptr<GroupMember>> member = GroupMember::Create(config(), options);
    EXPECT_TRUE(member.ok()) << member.status();
    return *std::move(member);
  }

  std::unique_ptr<GroupConsumer> NewGroupConsumer(GroupCallbacks callbacks = {},
                                                  const std::string& instance = "") {
    GroupOptions options;
    options.group = group_;
    options.topics = {topic_};
    options.instance_id = instance;
    options.callbacks = std::move(callbacks);
    absl::StatusOr<std::unique_ptr<GroupConsumer>> consumer =
        GroupConsumer::Create(config(), std::move(options));
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    return *std::move(consumer);
  }

  static std::vector<Record> Take(GroupConsumer& consumer, size_t count) {
    std::vector<Record> records;
    const absl::Time deadline = absl::Now() + kGroupWait;
    while (records.size() < count && absl::Now() < deadline) {
      absl::StatusOr<RecordBatch> batch = consumer.Poll(absl::Milliseconds(50), 1000);
      EXPECT_TRUE(batch.ok()) << batch.status();
      if (!batch.ok()) break;
      for (Record& record : batch->records) records.push_back(std::move(record));
    }
    return records;
  }

  std::string topic_;
  std::string group_;
  Ledger ledger_;
};

TEST_F(GroupTest, OneMemberGetsAllNumbers) {
  const auto a = Join("a");
  EXPECT_TRUE(Eventually([&] { return ledger_.Held("a") == std::set<int32_t>{0, 1, 2, 3}; }));
}

TEST_F(GroupTest, ASecondMemberTakesHalfAndTheRestStays) {
  const auto a = Join("a");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("a").size() == 4; }));

  const auto b = Join("b");

  ASSERT_TRUE(Eventually([&] { return ledger_.Held("b").size() == 2; }));
  EXPECT_THAT(ledger_.Held("a"), SizeIs(2));
  // Only what moved was taken away: the other two went on without a break.
  EXPECT_EQ(ledger_.Revoked("a"), ledger_.Held("b"));
  EXPECT_EQ(ledger_.mistakes(), 0);
}

TEST_F(GroupTest, AMemberThatLeavesHandsItsNumbersOver) {
  const auto a = Join("a");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("a").size() == 4; }));
  auto b = Join("b");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("b").size() == 2; }));

  b.reset();

  EXPECT_THAT(ledger_.Held("b"), IsEmpty());
  EXPECT_TRUE(Eventually([&] { return ledger_.Held("a").size() == 4; }));
  EXPECT_EQ(ledger_.mistakes(), 0);
}

TEST_F(GroupTest, AStaticMemberThatComesBackGetsItsNumbersAndMovesNobodyElses) {
  const auto a = Join("a", "slot-a");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("a").size() == 4; }));
  auto b = Join("b", "slot-b");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("b").size() == 2; }));
  const std::set<int32_t> of_a = ledger_.Held("a");
  const std::set<int32_t> of_b = ledger_.Held("b");

  b.reset();
  const auto again = Join("b", "slot-b");

  ASSERT_TRUE(Eventually([&] { return ledger_.Held("b").size() == 2; }));
  EXPECT_EQ(ledger_.Held("b"), of_b);
  EXPECT_EQ(ledger_.Held("a"), of_a);
  EXPECT_EQ(ledger_.Revoked("a"), of_b);  // Once, when b came first.
  EXPECT_EQ(ledger_.mistakes(), 0);
}

TEST_F(GroupTest, TheNumbersOfAStaticMemberThatStaysAwayMoveAfterTheSession) {
  const auto a = Join("a", "slot-a");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("a").size() == 4; }));
  auto b = Join("b", "slot-b");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("b").size() == 2; }));

  b.reset();

  EXPECT_TRUE(Eventually([&] { return ledger_.Held("a").size() == 4; }));
}

TEST_F(GroupTest, TheOlderOfTwoWithOneInstanceIdIsOut) {
  const auto old = Join("old", "slot");
  ASSERT_TRUE(Eventually([&] { return ledger_.Held("old").size() == 4; }));

  const auto young = Join("young", "slot");

  EXPECT_TRUE(Eventually([&] { return ledger_.Held("young").size() == 4; }));
  EXPECT_TRUE(Eventually([&] { return !ledger_.Fatal("old").ok(); }));
  EXPECT_EQ(KindOf(ledger_.Fatal("old")), KafkaErrorKind::kFenced) << ledger_.Fatal("old");
  EXPECT_THAT(ledger_.Held("old"), IsEmpty());
}

TEST_F(GroupTest, TheOlderOfTwoConsumersWithOneInstanceIdIsOut) {
  const auto old = NewGroupConsumer({}, "slot");
  ASSERT_TRUE(Eventually(
      [&] { return old->Poll(absl::Milliseconds(20), 1).ok() && old->assignment().size() == 4; }));

  const auto young = NewGroupConsumer({}, "slot");

  absl::Status fenced;
  EXPECT_TRUE(Eventually([&] {
    EXPECT_TRUE(young->Poll(absl::Milliseconds(20), 1).ok());
    fenced = old->Poll(absl::Milliseconds(20), 1).status();
    return !fenced.ok() && young->assignment().size() == 4;
  }));
  EXPECT_EQ(KindOf(fenced), KafkaErrorKind::kFenced) << fenced;
}

TEST_F(GroupTest, MoreMembersThanNumbersLeavesSomeWithNone) {
  std::vector<std::unique_ptr<GroupMember>> members;
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f"};
  for (const std::string& name : names) members.push_back(Join(name));

  const auto spread = [&] {
    std::set<int32_t> all;
    size_t count = 0;
    for (const std::string& name : names) {
      const std::set<int32_t> held = ledger_.Held(name);
      if (held.size() > 1) return false;
      count += held.size();
      all.insert(held.begin(), held.end());
    }
    return count == 4 && all.size() == 4;
  };
  EXPECT_TRUE(Eventually(spread));
}

TEST_F(GroupTest, ConsumerReadsCommitsAndResumes) {
  Write(topic_, 0, {"0", "1"});
  {
    const auto consumer = NewGroupConsumer();
    ASSERT_THAT(testing::Values(Take(*consumer, 2)), ElementsAre("0", "1"));
    const absl::Status committed = consumer->Commit();
    ASSERT_TRUE(committed.ok()) << committed;
  }
  Write(topic_, 0, {"2"});

  const auto consumer = NewGroupConsumer();

  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("2"));
}

TEST_F(GroupTest, WhatNobodyWantsIsPassedAndCommitted) {
  Write(topic_, 0, {"dull", "wanted", "dull"});
  {
    const auto consumer = NewGroupConsumer();
    std::vector<Record> records;
    ASSERT_TRUE(Eventually([&] {
      absl::StatusOr<RecordBatch> batch = consumer->PollWanted(
          absl::Milliseconds(20), 10, [](std::string_view value) { return value == "wanted"; });
      if (!batch.ok()) return false;
      for (Record& record : batch->records) records.push_back(std::move(record));
      return consumer->Position({topic_, 0}) == 3;
    }));
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_EQ(records[0].value, "wanted");
    EXPECT_EQ(Place(records[0]), topic_ + "/0/1");
    ASSERT_TRUE(consumer->Commit().ok());
  }
  Write(topic_, 0, {"next"});

  const auto consumer = NewGroupConsumer();

  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("next"));
}

TEST_F(GroupTest, WhatWasNotCommittedComesAgain) {
  Write(topic_, 0, {"0", "1"});
  {
    const auto consumer = NewGroupConsumer();
    ASSERT_THAT(Take(*consumer, 2), SizeIs(2));
    ASSERT_TRUE(consumer->Commit({{topic_, 0, 1}}).ok());
  }

  const auto consumer = NewGroupConsumer();

  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("1"));
}

TEST_F(GroupTest, RewindHandsOutAgainWhatWasNotCommitted) {
  Write(topic_, 0, {"0", "1", "2"});
  const auto consumer = NewGroupConsumer();
  ASSERT_THAT(Take(*consumer, 3), SizeIs(3));
  ASSERT_TRUE(consumer->Commit({{topic_, 0, 1}}).ok());

  const absl::Status rewound = consumer->Rewind(kGroupWait);

  ASSERT_TRUE(rewound.ok()) << rewound;
  EXPECT_THAT(testing::Values(Take(*consumer, 2)), ElementsAre("1", "2"));
}

TEST_F(GroupTest, APausedPartitionGoesOnWhereItWas) {
  Write(topic_, 0, {"a1", "a2"});
  Write(topic_, 1, {"b1"});
  const auto consumer = NewGroupConsumer();
  ASSERT_THAT(Take(*consumer, 3), SizeIs(3));

  ASSERT_TRUE(consumer->Pause({{topic_, 0}}).ok());
  Write(topic_, 0, {"a3"});
  Write(topic_, 1, {"b2"});
  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("b2"));

  ASSERT_TRUE(consumer->Resume({{topic_, 0}}).ok());
  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("a3"));
}

// librdkafka 2.0 aborts the process when it is destroyed between joining and its first assignment.
TEST_F(GroupTest, ConsumersThatEndWhileTheyJoinEnd) {
  for (int round = 0; round < 12; ++round) {
    auto first = NewGroupConsumer();
    ASSERT_TRUE(Eventually([&] {
      EXPECT_TRUE(first->Poll(absl::Milliseconds(10), 1).ok());
      return !first->assignment().empty();
    }));
    auto second = NewGroupConsumer();
    const absl::Time until = absl::Now() + absl::Milliseconds(20 * round);
    while (absl::Now() < until) EXPECT_TRUE(second->Poll(absl::Milliseconds(5), 1).ok());
    first.reset();
    second.reset();
  }
}

TEST_F(GroupTest, AnAssignmentMayBeginElsewhere) {
  Write(topic_, 0, {"0", "1", "2"});
  GroupCallbacks callbacks;
  callbacks.on_assigned = [](std::vector<TopicPartitionOffset>& starts) {
    for (TopicPartitionOffset& start : starts) start.offset = start.partition == 0 ? 2 : 0;
  };

  const auto consumer = NewGroupConsumer(callbacks);

  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("2"));
}

TEST_F(GroupTest, TwoConsumersShareAndHandOverWithoutLoss) {
  std::vector<std::string> expected;
  for (int partition = 0; partition < 4; ++partition) {
    std::vector<std::string> values;
    for (int i = 0; i < 50; ++i) values.push_back(absl::StrCat(partition, "/", i));
    Write(topic_, partition, values);
    expected.insert(expected.end(), values.begin(), values.end());
  }
  std::set<std::string> seen;
  const auto step = [&](GroupConsumer& consumer) {
    const absl::StatusOr<RecordBatch> batch = consumer.Poll(absl::Milliseconds(20), 7);
    ASSERT_TRUE(batch.ok()) << batch.status();
    for (const Record& record : batch->records) seen.insert(*record.value);
    const absl::Status committed = consumer.Commit();
    // Refused while the group moves: the next owner reads the same again.
    ASSERT_TRUE(committed.ok() || committed.code() == absl::StatusCode::kAborted) << committed;
  };
  const auto a = NewGroupConsumer();
  ASSERT_TRUE(Eventually([&] {
    step(*a);
    return a->assignment().size() == 4;
  }));

  auto b = NewGroupConsumer();
  ASSERT_TRUE(Eventually([&] {
    step(*a);
    step(*b);
    return a->assignment().size() == 2 && b->assignment().size() == 2;
  }));
  b->Close();
  b.reset();

  EXPECT_TRUE(Eventually([&] {
    step(*a);
    return a->assignment().size() == 4 && seen.size() == expected.size();
  }));
}

TEST_F(GroupTest, WhatIsCommittedWhileLeavingDoesNotComeAgain) {
  Write(topic_, 0, {"0", "1"});
  {
    GroupConsumer* leaving = nullptr;
    GroupCallbacks callbacks;
    callbacks.on_revoked = [&](const std::vector<TopicPartition>&) {
      const absl::Status committed = leaving->Commit();
      EXPECT_TRUE(committed.ok()) << committed;
    };
    const auto consumer = NewGroupConsumer(callbacks);
    leaving = consumer.get();
    ASSERT_THAT(Take(*consumer, 2), SizeIs(2));
  }
  Write(topic_, 0, {"2"});

  const auto consumer = NewGroupConsumer();

  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("2"));
}

TEST_F(GroupTest, ConsumerTellsWhatItLosesBeforeItIsGone) {
  std::set<int32_t> revoked;
  GroupCallbacks callbacks;
  callbacks.on_revoked = [&](const std::vector<TopicPartition>& partitions) {
    for (const TopicPartition& each : partitions) revoked.insert(each.partition);
  };
  {
    const auto consumer = NewGroupConsumer(callbacks);
    ASSERT_TRUE(Eventually([&] {
      const absl::StatusOr<RecordBatch> batch = consumer->Poll(absl::Milliseconds(20), 1);
      return batch.ok() && consumer->assignment().size() == 4;
    }));
  }
  EXPECT_THAT(revoked, ElementsAre(0, 1, 2, 3));
}

TEST_F(GroupTest, WithoutABrokerMembersAndConsumersAreDestroyed) {
  KafkaConfig unreachable = config();
  unreachable.brokers = "127.0.0.1:1";
  unreachable.logger = nullptr;
  const auto member = GroupMember::Create(unreachable, {.group = "g", .topic = "t"});
  const auto consumer = GroupConsumer::Create(unreachable, {.group = "g", .topics = {"t"}});
  ASSERT_TRUE(member.ok() && consumer.ok());
  EXPECT_TRUE((*consumer)->Poll(absl::Milliseconds(50), 1).ok());
}

}  // namespace
}  // namespace trama::platform
