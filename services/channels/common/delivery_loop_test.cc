#include "services/channels/common/delivery_loop.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/testing/delivery_world.h"
#include "services/platform/net/io_threads.h"

namespace trama::channels {
namespace {

namespace dv = delivery::v1;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

SendOutcome Of(SendOutcome::Kind kind) {
  SendOutcome outcome;
  outcome.kind = kind;
  outcome.failure.set_reason(dv::Failure::REASON_VENDOR_DOWN);
  if (kind == SendOutcome::Kind::kSent) outcome.vendor_message_id = "SM1";
  return outcome;
}

// Answers as scripted, then always "sent". Thread-safe.
class ScriptedSender : public Sender {
 public:
  platform::Awaitable<SendOutcome> Send(OutboundPtr message, Attempt attempt) override {
    if (before_send) before_send(*message);
    const std::lock_guard lock(mutex_);
    calls_.push_back(absl::StrCat(message->message_id(), "#", attempt.number));
    traceparents_.push_back(attempt.traceparent);
    if (script_.empty()) co_return Of(SendOutcome::Kind::kSent);
    SendOutcome next = script_.front();
    script_.pop_front();
    co_return next;
  }

  platform::Awaitable<FindOutcome> Find(OutboundPtr, Attempt,
                                        std::shared_ptr<const std::set<std::string>>) override {
    co_return found;
  }

  void Script(std::deque<SendOutcome> script) { script_ = std::move(script); }
  std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<std::string> traceparents() const {
    const std::lock_guard lock(mutex_);
    return traceparents_;
  }

  std::function<void(const outbound::v1::OutboundMessage&)> before_send;
  FindOutcome found;

 private:
  mutable std::mutex mutex_;
  std::deque<SendOutcome> script_;
  std::vector<std::string> calls_;
  std::vector<std::string> traceparents_;
};

// Goes on where the system's clock does not: as after a machine was frozen.
class JumpingClock final : public platform::Clock {
 public:
  absl::Time Now() const override { return system_.Now(); }
  absl::Duration Monotonic() const override {
    return system_.Monotonic() + absl::Seconds(jumped_seconds_.load());
  }
  void Jump(int seconds) { jumped_seconds_ += seconds; }

 private:
  const platform::SystemClock system_;
  std::atomic<int> jumped_seconds_ = 0;
};

class DeliveryLoopTest : public testing::DeliveryWorld {
 protected:
  void Start() { Start(Options()); }
  void Start(DeliveryLoopOptions options) {
    auto loop = DeliveryLoop::Start(config(), std::move(options), sender_, testing::AccountsOfWorld,
                                    io_.context(), clock_, metrics_, health_);
    ASSERT_TRUE(loop.ok()) << loop.status();
    loop_ = *std::move(loop);
  }

  void TearDown() override {
    loop_.reset();
    io_.Stop();
    DeliveryWorld::TearDown();
  }

  JumpingClock clock_;
  platform::Metrics metrics_;
  platform::Health health_{clock_};
  platform::IoThreads io_{2};
  ScriptedSender sender_;
  std::unique_ptr<DeliveryLoop> loop_;
};

TEST_F(DeliveryLoopTest, MessageIsAttemptedSentAndItsPositionNoted) {
  WriteMessages(0, 1);
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(1); }));
  EXPECT_THAT(Stories(), ElementsAre(Pair("m0", "attempting#1 sent#1")));
  EXPECT_THAT(sender_.calls(), ElementsAre("m0#1"));
  EXPECT_TRUE(Eventually([&] { return CommittedPosition() == 1; }));
}

TEST_F(DeliveryLoopTest, WhoStoodStillBetweenRecordAndCallDoesNotCall) {
  WriteMessages(0, 1);
  sender_.found.kind = FindOutcome::Kind::kNotFound;
  DeliveryLoopOptions options = Options();
  std::atomic<bool> frozen = false;
  options.on_moment = [&](DeliveryMoment moment) {
    if (moment == DeliveryMoment::kAttemptCommitted && !frozen.exchange(true)) clock_.Jump(60);
  };
  Start(std::move(options));
  ASSERT_TRUE(Eventually([&] { return Ended(1); }));
  EXPECT_THAT(Stories(), ElementsAre(Pair("m0", "attempting#1 unknown#1 attempting#2 sent#2")));
  EXPECT_THAT(sender_.calls(), ElementsAre("m0#2"));
  loop_.reset();  // Before what it tells its moments to.
}

TEST_F(DeliveryLoopTest, TraceGoesFromTheTopicToTheVendorAndToTheRecords) {
  WriteMessages(0, 1);
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(1); }));
  const std::string trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  EXPECT_THAT(sender_.traceparents(), ElementsAre(trace));
  for (const platform::Record& record : ReadAll(deliveries_, 0)) {
    EXPECT_EQ(*platform::FindHeader(record, "traceparent"), trace);
    EXPECT_EQ(record.key, "c0");
  }
}

TEST_F(DeliveryLoopTest, AttemptStandsCommittedBeforeTheVendorIsCalled) {
  std::vector<std::string> seen;
  sender_.before_send = [&](const outbound::v1::OutboundMessage& message) {
    seen.push_back(Stories()[message.message_id()]);
  };
  WriteMessages(0, 1);
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(1); }));
  EXPECT_THAT(seen, ElementsAre("attempting#1"));
}

TEST_F(DeliveryLoopTest, MessagesOfOneConversationLeaveInOrderAlsoOverARetry) {
  sender_.Script({Of(SendOutcome::Kind::kRetry), Of(SendOutcome::Kind::kRetry)});
  WriteMessages(0, 4, "c");
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(4); }));
  EXPECT_THAT(sender_.calls(), ElementsAre("m0#1", "m0#2", "m0#3", "m1#1", "m2#1", "m3#1"));
}

TEST_F(DeliveryLoopTest, ReceiptWrittenByAnotherProcessSettlesAnAmbiguousAttempt) {
  DeliveryLoopOptions options = Options();
  options.rules.receipt_wait = absl::Minutes(10);
  sender_.Script({Of(SendOutcome::Kind::kAmbiguous)});
  WriteMessages(0, 1);
  Start(options);
  ASSERT_TRUE(Eventually([&] { return Stories()["m0"] == "attempting#1 unknown#1"; }));
  EXPECT_LE(CommittedPosition(), 0);
  WriteReceipt("m0", dv::STATUS_DELIVERED);
  EXPECT_TRUE(Eventually([&] { return CommittedPosition() == 1; }));
  EXPECT_THAT(sender_.calls(), ElementsAre("m0#1"));
}

TEST_F(DeliveryLoopTest, AmbiguousAttemptIsMadeOnceMoreAfterTheWait) {
  sender_.Script({Of(SendOutcome::Kind::kAmbiguous)});
  WriteMessages(0, 1);
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(1); }));
  EXPECT_THAT(Stories(), ElementsAre(Pair("m0", "attempting#1 unknown#1 attempting#2 sent#2")));
}

TEST_F(DeliveryLoopTest, OneThatWaitsDoesNotHoldUpOthers) {
  DeliveryLoopOptions options = Options();
  options.rules.receipt_wait = absl::Minutes(10);
  sender_.Script({Of(SendOutcome::Kind::kAmbiguous)});
  WriteMessages(0, 1);
  Start(options);
  ASSERT_TRUE(Eventually([&] { return Stories()["m0"] == "attempting#1 unknown#1"; }));
  WriteMessages(1, 20);
  EXPECT_TRUE(Eventually([&] { return Ended(20); }));
}

TEST_F(DeliveryLoopTest, ReadingPausesAtItsLimitAndGoesOn) {
  DeliveryLoopOptions options = Options();
  options.rules.open_max = 5;
  options.rules.in_flight_max = 2;
  WriteMessages(0, 300);
  Start(options);
  ASSERT_TRUE(Eventually([&] { return CommittedPosition() == 300; }));
  EXPECT_THAT(sender_.calls(), SizeIs(300));
}

TEST_F(DeliveryLoopTest, UnreadableRecordsGoToTheDeadLettersAndHoldUpNothing) {
  outbound::v1::OutboundMessage of_nobody;
  of_nobody.set_message_id("m");
  Write(outbound_, 0, {"not a message", of_nobody.SerializeAsString()});
  WriteMessages(0, 1);
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(1); }));
  EXPECT_THAT(ReadAll(dead_letters_, 0), SizeIs(2));
  EXPECT_TRUE(Eventually([&] { return CommittedPosition() == 3; }));
}

TEST_F(DeliveryLoopTest, StopLetsAttemptsEndAndTheNextOwnerGoesOn) {
  std::mutex mutex;
  std::condition_variable changed;
  bool in_send = false;
  bool may_end = false;
  sender_.before_send = [&](const outbound::v1::OutboundMessage&) {
    std::unique_lock lock(mutex);
    in_send = true;
    changed.notify_all();
    changed.wait(lock, [&] { return may_end; });
  };
  WriteMessages(0, 1);
  Start();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return in_send; });
  }
  std::thread stopper([&] { loop_->Stop(); });
  {
    const std::lock_guard lock(mutex);
    may_end = true;
    changed.notify_all();
  }
  stopper.join();
  EXPECT_THAT(Stories(), ElementsAre(Pair("m0", "attempting#1 sent#1")));
  EXPECT_EQ(CommittedPosition(), 1);

  WriteMessages(1, 1);
  Start();
  ASSERT_TRUE(Eventually([&] { return Ended(2); }));
  EXPECT_THAT(sender_.calls(), ElementsAre("m0#1", "m1#1"));
}

// Another owner with the same transactional id, as after a wrong idea of who owns the number.
TEST_F(DeliveryLoopTest, TwoOwnersAtOnceNeverSendAMessageTwice) {
  WriteMessages(0, 200);
  DeliveryLoopOptions first = Options();
  DeliveryLoopOptions second = Options();
  second.group_of_members = Unique("others");
  Start(first);
  ScriptedSender other;
  auto loop = DeliveryLoop::Start(config(), second, other, testing::AccountsOfWorld, io_.context(),
                                  clock_, metrics_, health_);
  ASSERT_TRUE(loop.ok()) << loop.status();
  ASSERT_TRUE(Eventually([&] { return Ended(200); }));
  (*loop)->Stop();
  loop_->Stop();
  std::map<std::string, int> times;
  for (const auto* sender : {&sender_, &other}) {
    for (const std::string& call : sender->calls()) ++times[call.substr(0, call.find('#'))];
  }
  for (const auto& [message, count] : times) EXPECT_EQ(count, 1) << message;
}

}  // namespace
}  // namespace trama::channels
