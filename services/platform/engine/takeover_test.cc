#include "services/platform/engine/takeover.h"

#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "services/platform/engine/testing/engine_fixture.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/offset_query.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using testing::EngineNames;
using ::testing::HasSubstr;
using testing::Replica;

constexpr absl::Duration kWait = absl::Seconds(30);

class TakeoverTest : public testing::EngineTest {
 protected:
  // Another owner of partition 0, from outside.
  std::unique_ptr<TransactionalProducer> Usurp(const EngineNames& names) {
    auto producer = TransactionalProducer::Create(
        config(), {.transactional_id = "trama-" + names.service + "-0"});
    EXPECT_TRUE(producer.ok()) << producer.status();
    const absl::Status fenced = (*producer)->Init(kWait);
    EXPECT_TRUE(fenced.ok()) << fenced;
    EXPECT_TRUE((*producer)->PrefetchMetadata({names.changelog, names.out}, kWait).ok());
    return *std::move(producer);
  }

  static Record CountRow(const EngineNames& names, const std::string& word, int64_t count) {
    google::protobuf::Int64Value row;
    row.set_value(count);
    return {.topic = names.changelog,
            .partition = 0,
            .key = "count/" + word,
            .value = row.SerializeAsString()};
  }

  // Commits one row of partition 0.
  void WriteRow(const EngineNames& names, const std::string& key,
                const std::optional<std::string>& value) {
    const auto owner = Usurp(names);
    ASSERT_TRUE(owner->Begin().ok());
    ASSERT_TRUE(
        owner->Produce({.topic = names.changelog, .partition = 0, .key = key, .value = value})
            .ok());
    const absl::Status committed = owner->Commit(kWait);
    ASSERT_TRUE(committed.ok()) << committed;
  }

  int64_t EndOf(const std::string& topic) {
    const auto query = OffsetQuery::Create(config());
    const auto ends = (*query)->Ends({{topic, 0}}, kWait);
    EXPECT_TRUE(ends.ok()) << ends.status();
    return ends->at(0).offset;
  }

  double Alarms(Replica& replica, const char* kind) {
    return replica.metrics()
        .Counter("trama_engine_alarms_total", "What an operator should look at.", {"kind"})
        .With({kind})
        .Value();
  }
};

TEST_F(TakeoverTest, AnEmptyProcessRestoresWhatTheLastOneHasCommitted) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a", "b", "a"});
  {
    Replica first(names);
    first.Start();
    ASSERT_TRUE(first.WaitReady());
    ASSERT_EQ(*first.Call(0, "a"), "a=3");
  }
  Replica second(names);
  second.Start();
  EXPECT_EQ(*second.Call(0, "get a"), "a=3");
  EXPECT_EQ(*second.Call(0, "get b"), "b=1");
  EXPECT_EQ(second.host().IncarnationOf(0), 2);
}

TEST_F(TakeoverTest, GoesOnBehindTheLastCommittedInput) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a"});
  {
    Replica first(names);
    first.Start();
    ASSERT_TRUE(first.WaitReady());
  }
  WriteWords(names.in, 0, {"a"});
  WriteWords(names.more, 0, {"b"});
  Replica second(names);
  second.Start();
  ASSERT_TRUE(second.WaitCommitted());
  EXPECT_EQ(Totals(names), (std::map<std::string, int64_t>{{"a", 2}, {"b", 1}}));
}

TEST_F(TakeoverTest, RowsOfATransactionThatIsStillOpenAreNotRestored) {
  const EngineNames names = NewEngine();
  {
    Replica first(names);
    first.Start();
    ASSERT_EQ(*first.Call(0, "a"), "a=1");
  }
  const auto dead = Usurp(names);
  const int64_t end = EndOf(names.changelog);
  ASSERT_TRUE(dead->Begin().ok());
  ASSERT_TRUE(dead->Produce(CountRow(names, "a", 100)).ok());
  ASSERT_TRUE(Eventually([&] { return EndOf(names.changelog) > end; }));

  Replica second(names);
  second.Start();
  EXPECT_EQ(*second.Call(0, "a"), "a=2");
  EXPECT_THAT(Out(names), ElementsAre("a=1", "a=2"));
}

TEST_F(TakeoverTest, ACommandOfAFencedOwnerIsNotCarriedOutAndCanBeRepeated) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "a"), "a=1");
  Usurp(names);
  EXPECT_EQ(replica.CallOnce(0, "a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*replica.Call(0, "a"), "a=2");
  EXPECT_THAT(Out(names), ElementsAre("a=1", "a=2"));
  EXPECT_EQ(replica.host().IncarnationOf(0), 2);
}

TEST_F(TakeoverTest, InputsOfAFencedOwnerAreAppliedOnceByTheNextOne) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  Usurp(names);
  WriteWords(names.in, 0, {"a", "a", "a"});
  ASSERT_TRUE(Eventually([&] { return replica.host().IncarnationOf(0) == 2; }));
  EXPECT_TRUE(Eventually([&] { return *replica.Call(0, "get a") == "a=3"; }));
  EXPECT_EQ(Totals(names)["a"], 3);
}

TEST_F(TakeoverTest, ACallWhoseEffectsCannotBeCommittedIsUnavailableAndLeavesNoTrace) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "a"), "a=1");
  EXPECT_EQ(replica.CallOnce(0, "big").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*replica.Call(0, "get big"), "big=0");
  EXPECT_EQ(*replica.Call(0, "get a"), "a=1");
}

TEST_F(TakeoverTest, TheStampNeverGoesBackBehindTheLastOwners) {
  const EngineNames names = NewEngine();
  engine::v1::ClockRow row;
  const absl::Time last = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now() + absl::Hours(1)));
  row.set_last_ms(absl::ToUnixMillis(last));
  WriteRow(names, "loop/clock", row.SerializeAsString());
  Replica replica(names);
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "a"), "a=1");
  const auto event = ParseEventHeaders(ReadAll(names.out, 0).at(0));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_GE(event->time, last);
  EXPECT_EQ(Alarms(replica, "clock_jump"), 1);
}

TEST_F(TakeoverTest, ARowThatTheMachineCannotReadStopsTheTakeoverUntilItIsRight) {
  const EngineNames names = NewEngine();
  WriteRow(names, "count/a", "\xff\xff");
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(Eventually([&] { return Alarms(replica, "takeover_failed") > 0; }));
  EXPECT_EQ(replica.host().IncarnationOf(0), std::nullopt);
  EXPECT_FALSE(replica.health().Ready().fine);
  WriteRow(names, "count/a", std::nullopt);
  EXPECT_EQ(*replica.Call(0, "a"), "a=1");
}

TEST_F(TakeoverTest, APositionThatIsGoneIsAlarmedAndReadingGoesOnAtTheOldestRecord) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a", "b"});
  engine::v1::OffsetRow row;
  row.set_next_offset(1000);
  WriteRow(names, "loop/offset/" + names.in, row.SerializeAsString());
  Replica replica(names, "here:1",
                  [](EngineSpec& spec) { spec.times.broker_timeout = absl::Seconds(2); });
  replica.Start();
  ASSERT_TRUE(replica.WaitCommitted());
  EXPECT_THAT(Out(names), ElementsAre("a=1", "b=1"));
  EXPECT_EQ(Alarms(replica, "position_gone"), 1);
}

}  // namespace
}  // namespace trama::platform
