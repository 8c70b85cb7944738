#include "services/platform/engine/applier.h"

#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/engine/testing/ledger.h"

namespace trama::platform {
namespace {

using google::protobuf::StringValue;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kBehind = absl::InfinitePast();

class ApplierTest : public ::testing::Test {
 protected:
  ApplierTest() : deps_{{}, clock_, metrics_, health_, config_}, engine_metrics_(metrics_) {
    spec_.service = "test";
    spec_.push = [this](int32_t, int64_t, const Push& push) { pushed_.push_back(Text(push)); };
    spec_.ask = [this](int32_t partition, int64_t incarnation, const Question&) {
      asked_.emplace_back(partition, incarnation);
    };
  }

  std::unique_ptr<Applier> New() {
    return std::make_unique<Applier>(
        context_, 3, 7, std::make_unique<testing::Ledger>("out", 3),
        std::make_unique<StampClock>(clock_.Now(), clock_.Monotonic(), absl::InfinitePast()));
  }

  PendingCall Call(const std::string& text) {
    auto request = std::make_shared<StringValue>();
    request->set_value(text);
    PendingCall call;
    call.command.call = ++calls_;
    call.command.request = request;
    call.deadline = clock_.Monotonic() + absl::Seconds(10);
    call.on_reply = [this](absl::Status status, MessagePtr) { replies_.push_back(status.code()); };
    return call;
  }

  static std::string Text(const Push& push) {
    return static_cast<const StringValue&>(*push.message).value();
  }

  FakeClock clock_;
  Metrics metrics_;
  Health health_{clock_};
  FixedConfig config_;
  EngineSpec spec_;
  EngineDeps deps_;
  EngineMetrics engine_metrics_;
  LoopContext context_{spec_, deps_, engine_metrics_, "here:1"};
  CallId calls_ = 0;
  std::vector<absl::StatusCode> replies_;
  std::vector<std::string> pushed_;
  std::vector<std::pair<int32_t, int64_t>> asked_;
};

TEST_F(ApplierTest, AReplyWaitsInTheBatch) {
  const auto applier = New();
  applier->ApplyCall(Call("a"), kBehind);
  EXPECT_THAT(replies_, IsEmpty());
  EXPECT_THAT(applier->TakeBatch().releases(), SizeIs(1));
}

TEST_F(ApplierTest, ABatchHoldsTheRowsThatChangedAndTheClock) {
  const auto applier = New();
  applier->ApplyCall(Call("a"), kBehind);
  const Batch batch = applier->TakeBatch();
  EXPECT_EQ(batch.rows().count("count/a"), 1u);
  EXPECT_EQ(batch.rows().count("loop/clock"), 1u);
  EXPECT_THAT(batch.records(), SizeIs(1));
}

TEST_F(ApplierTest, AReadAloneMakesABatchWithoutATransaction) {
  const auto applier = New();
  applier->ApplyCall(Call("get a"), kBehind);
  EXPECT_FALSE(applier->TakeBatch().durable());
}

TEST_F(ApplierTest, ProposalsLeaveAtOnceAndFactsWait) {
  const auto applier = New();
  applier->ApplyCall(Call("push a"), kBehind);
  EXPECT_THAT(pushed_, ElementsAre("try a"));
  Batch batch = applier->TakeBatch();
  ASSERT_THAT(batch.releases(), SizeIs(2));
  EXPECT_EQ(Text(std::get<Push>(batch.releases()[0])), "did a");
}

TEST_F(ApplierTest, QuestionsLeaveAtOnceWithPartitionAndIncarnation) {
  const auto applier = New();
  applier->ApplyCall(Call("ask a"), kBehind);
  EXPECT_THAT(asked_, ElementsAre(std::make_pair(3, 7)));
}

TEST_F(ApplierTest, ACallPastItsDeadlineIsAnsweredAndNotApplied) {
  const auto applier = New();
  PendingCall call = Call("a");
  clock_.Advance(absl::Seconds(11));
  applier->ApplyCall(std::move(call), kBehind);
  EXPECT_THAT(replies_, ElementsAre(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(applier->gathered());
}

TEST_F(ApplierTest, ACallThatTheMachineNeverAnswersIsAnsweredAtItsDeadline) {
  const auto applier = New();
  applier->ApplyCall(Call("later a"), kBehind);
  applier->ExpireCalls();
  EXPECT_THAT(replies_, IsEmpty());
  clock_.Advance(absl::Seconds(11));
  applier->ExpireCalls();
  EXPECT_THAT(replies_, ElementsAre(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ApplierTest, NoMoreCallsWaitForTheMachineThanAllowed) {
  spec_.limits.waiting_calls_max = 1;
  const auto applier = New();
  applier->ApplyCall(Call("later a"), kBehind);
  applier->ApplyCall(Call("later b"), kBehind);
  EXPECT_THAT(replies_, ElementsAre(absl::StatusCode::kResourceExhausted));
}

TEST_F(ApplierTest, EveryCallThatWillNotBeCommittedIsAnsweredOnce) {
  const auto applier = New();
  applier->ApplyCall(Call("a"), kBehind);
  applier->ApplyCall(Call("later b"), kBehind);
  applier->FailCalls();
  applier->FailCalls();
  EXPECT_THAT(replies_,
              ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kUnavailable));
}

TEST_F(ApplierTest, ARecordThatIsTooLargeIsTheMachinesFault) {
  const auto applier = New();
  applier->ApplyCall(Call("big"), kBehind);
  EXPECT_EQ(applier->fault().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ApplierTest, ATickThatFindsNothingToDoSaysSo) {
  const auto applier = New();
  applier->ApplyCall(Call("wake 5"), kBehind);
  clock_.Advance(absl::Milliseconds(5));
  EXPECT_FALSE(applier->Tick(/*caught_up=*/kBehind));
  EXPECT_TRUE(applier->Tick(/*caught_up=*/applier->Now()));
}

TEST_F(ApplierTest, AWallThatJumpsIsAlarmedOnce) {
  const auto applier = New();
  clock_.SetWall(clock_.Now() + absl::Hours(1));
  applier->Now();
  applier->Now();
  EXPECT_EQ(engine_metrics_.alarms.With({kAlarmClockJump}).Value(), 1);
}

}  // namespace
}  // namespace trama::platform
