#include "services/platform/engine/engine_host.h"

#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/engine/testing/engine_fixture.h"
#include "services/platform/kafka/consumer.h"

namespace trama::platform {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::EngineNames;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Replica;

class EngineHostTest : public testing::EngineTest {};

TEST_F(EngineHostTest, StartsOnTopicsThatWereJustCreated) {
  Replica replica(NewEngine());
  replica.Start();
  EXPECT_TRUE(replica.WaitReady());
  EXPECT_EQ(replica.host().IncarnationOf(0), 1);
}

TEST_F(EngineHostTest, AppliesWhatStandsInTheInputsFromTheirBeginning) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a", "b", "a"});
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  EXPECT_EQ(*replica.Call(0, "get a"), "a=2");
  EXPECT_THAT(Out(names), ElementsAre("a=1", "b=1", "a=2"));
}

TEST_F(EngineHostTest, ACommandIsAnsweredAfterItsCommit) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  EXPECT_EQ(*replica.Call(0, "a"), "a=1");
  EXPECT_THAT(Out(names), ElementsAre("a=1"));
}

TEST_F(EngineHostTest, ProposalsLeaveBeforeTheCommitAndFactsInOrderAfterIt) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "push a"), "a=1");
  EXPECT_THAT(replica.heard(), ElementsAre("try a", "did a", "reply a=1"));
}

TEST_F(EngineHostTest, APartitionThatIsNotOursIsUnavailableWithARetryDelay) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  const auto answer = replica.CallOnce(7, "a");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelayOf(answer.status()).has_value());
}

TEST_F(EngineHostTest, ACallBeforeTheStartIsUnavailable) {
  Replica replica(NewEngine());
  EXPECT_EQ(replica.CallOnce(0, "a").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(EngineHostTest, ACallPastItsDeadlineChangesNothing) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  EXPECT_EQ(replica.CallOnce(0, "a", -absl::Seconds(1)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*replica.Call(0, "get a"), "a=0");
}

TEST_F(EngineHostTest, AReplyThatTheMachinePutsOffComesWithALaterCommit) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  absl::StatusOr<std::string> late;
  std::thread caller([&] { late = replica.CallOnce(0, "later a"); });
  ASSERT_TRUE(Eventually([&] { return *replica.Call(0, "get a") == "a=1"; }));
  EXPECT_THAT(replica.heard(), Not(Contains("reply late a=1")));
  WriteWords(names.in, 0, {"b"});
  caller.join();
  EXPECT_EQ(*late, "late a=1");
}

TEST_F(EngineHostTest, TheAnswerOfAPeerIsAnInput) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "ask who"), "asked");
  ASSERT_EQ(replica.asked().size(), 1u);
  const auto [incarnation, question] = replica.asked()[0];
  auto response = std::make_shared<google::protobuf::StringValue>();
  response->set_value("them");
  ASSERT_TRUE(replica.host()
                  .Deliver(0, incarnation, {.question = question.request, .response = response})
                  .ok());
  EXPECT_TRUE(Eventually([&] { return *replica.Call(0, "get them") == "them=1"; }));
}

TEST_F(EngineHostTest, TheAnswerToAnEarlierIncarnationIsRefused) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  EXPECT_EQ(replica.host().Deliver(0, 99, {}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(EngineHostTest, ADeadlineFiresOnceTheInputsHaveCaughtUpWithIt) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "wake 50"), "set");
  EXPECT_TRUE(Eventually([&] { return *replica.Call(0, "get woken") == "woken=1"; }));
}

TEST_F(EngineHostTest, AQuietPartitionFiresADeadlineThatIsNotToldWhileItWaits) {
  const EngineNames names = NewEngine();
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  ASSERT_EQ(*replica.Call(0, "patient 50"), "set");
  // Only the output is looked at: a call would be an input that tells the machine.
  EXPECT_TRUE(Eventually([&] { return Out(names) == std::vector<std::string>{"woken=1"}; }));
}

TEST_F(EngineHostTest, ADeadlineThatNeedsNoInputsFiresBesideOneThatWaits) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_EQ(*replica.Call(0, "tired 50"), "set");
  EXPECT_TRUE(Eventually([&] { return *replica.Call(0, "get woken") == "woken=1"; }));
}

TEST_F(EngineHostTest, TheMachineSeesTheConfigurationFirstAndEveryNewRevision) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"config"});
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(replica.WaitCommitted());
  // The record "config" is told as the second: the revision came before it.
  EXPECT_THAT(Out(names), ElementsAre("config=2"));
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(1);
  replica.config().Set(std::make_shared<ConfigView>(snapshot));
  EXPECT_TRUE(Eventually([&] { return *replica.Call(0, "get config") == "config=3"; }));
}

TEST_F(EngineHostTest, LeavingAnswersEveryCallAndTakesNoMore) {
  Replica replica(NewEngine());
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  absl::StatusOr<std::string> late;
  std::thread caller([&] { late = replica.CallOnce(0, "later a"); });
  ASSERT_TRUE(Eventually([&] { return *replica.Call(0, "get a") == "a=1"; }));
  replica.host().Leave();
  caller.join();
  EXPECT_EQ(late.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(replica.CallOnce(0, "b").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(EngineHostTest, EveryCallOfAFloodIsAnsweredAndCountedOnce) {
  const EngineNames names = NewEngine();
  Replica replica(names, "here:1", [](EngineSpec& spec) { spec.limits.inbox_max = 50; });
  replica.Start();
  ASSERT_TRUE(replica.WaitReady());
  constexpr int kCalls = 3000;
  std::mutex mutex;
  int done = 0, full = 0, other = 0;
  auto request = std::make_shared<google::protobuf::StringValue>();
  request->set_value("a");
  for (int i = 0; i < kCalls; ++i) {
    replica.host().Submit(0, Command{.request = request}, absl::InfiniteFuture(),
                          [&](absl::Status status, MessagePtr) {
                            std::lock_guard lock(mutex);
                            if (status.ok()) {
                              ++done;
                            } else if (absl::IsResourceExhausted(status)) {
                              ++full;
                            } else {
                              ++other;
                            }
                          });
  }
  ASSERT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex);
    return done + full + other == kCalls;
  }));
  EXPECT_EQ(other, 0);
  EXPECT_GT(done, 0);
  EXPECT_EQ(*replica.Call(0, "get a"), absl::StrCat("a=", done));
  EXPECT_EQ(Totals(names)["a"], done);
}

TEST_F(EngineHostTest, ItsPositionsAreNotedInTheGroupForLagMonitors) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a", "b"});
  Replica replica(names, "here:1",
                  [](EngineSpec& spec) { spec.times.positions_interval = absl::Milliseconds(50); });
  replica.Start();
  const auto monitor = Consumer::Create(config(), {.group = "trama-" + names.service});
  ASSERT_TRUE(monitor.ok()) << monitor.status();
  EXPECT_TRUE(Eventually([&] {
    const auto noted = (*monitor)->Committed({{names.in, 0}}, absl::Seconds(30));
    return noted.ok() && noted->at(0).offset == 2;
  }));
}

TEST_F(EngineHostTest, ASpecWithoutAMachineIsRefused) {
  EngineSpec spec = testing::LedgerSpec(NewEngine());
  spec.make_machine = nullptr;
  SystemClock clock;
  Metrics metrics;
  Health health(clock);
  FixedConfig fixed;
  const auto host =
      EngineHost::Create(std::move(spec), EngineDeps{config(), clock, metrics, health, fixed});
  EXPECT_EQ(host.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(host.status().message()), ::testing::HasSubstr("make_machine"));
}

}  // namespace
}  // namespace trama::platform
