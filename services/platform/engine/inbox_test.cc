#include "services/platform/engine/inbox.h"

#include "gtest/gtest.h"
#include "services/kernel/errors.h"

namespace trama::platform {
namespace {

constexpr size_t kAll = 1000;

PendingCall Call(CallId id) {
  PendingCall call;
  call.command.call = id;
  call.on_reply = [](absl::Status, MessagePtr) {};
  return call;
}

ConfigPtr Revision(int64_t revision) {
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(revision);
  return std::make_shared<ConfigView>(snapshot);
}

class InboxTest : public ::testing::Test {
 protected:
  void Open() {
    inbox_.Open(3, [this] { ++woken_; });
  }
  Inbox inbox_{2, 2};
  int woken_ = 0;
};

TEST_F(InboxTest, RefusesCallsWhileClosedWithARetryDelay) {
  PendingCall call = Call(1);
  const absl::Status put = inbox_.PutCall(call);
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelayOf(put).has_value());
  EXPECT_TRUE(call.on_reply) << "a refused call must be given back whole";
}

TEST_F(InboxTest, RefusesTheCallThatIsTooMany) {
  Open();
  PendingCall one = Call(1), two = Call(2), three = Call(3);
  EXPECT_TRUE(inbox_.PutCall(one).ok());
  EXPECT_TRUE(inbox_.PutCall(two).ok());
  const absl::Status put = inbox_.PutCall(three);
  EXPECT_EQ(put.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryDelayOf(put).has_value());
  EXPECT_TRUE(three.on_reply);
}

TEST_F(InboxTest, GivesCallsInTheOrderInWhichTheyCame) {
  Open();
  PendingCall one = Call(1), two = Call(2);
  ASSERT_TRUE(inbox_.PutCall(one).ok());
  ASSERT_TRUE(inbox_.PutCall(two).ok());
  EXPECT_EQ(inbox_.Take(kAll, 1).calls.at(0).command.call, 1u);
  EXPECT_EQ(inbox_.Take(kAll, 1).calls.at(0).command.call, 2u);
}

TEST_F(InboxTest, ClosingGivesBackWhatWasNotTaken) {
  Open();
  PendingCall one = Call(1);
  ASSERT_TRUE(inbox_.PutCall(one).ok());
  EXPECT_EQ(inbox_.Close().size(), 1u);
  EXPECT_EQ(inbox_.incarnation(), std::nullopt);
  EXPECT_TRUE(inbox_.empty());
}

TEST_F(InboxTest, AnAnswerForAnotherIncarnationIsRefused) {
  Open();
  EXPECT_EQ(inbox_.PutAnswer(2, {}).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(inbox_.PutAnswer(3, {}).ok());
}

TEST_F(InboxTest, AnswersAreLimited) {
  Open();
  EXPECT_TRUE(inbox_.PutAnswer(3, {}).ok());
  EXPECT_TRUE(inbox_.PutAnswer(3, {}).ok());
  EXPECT_EQ(inbox_.PutAnswer(3, {}).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(InboxTest, OnlyTheNewestConfigurationCounts) {
  Open();
  inbox_.PutConfig(Revision(1));
  inbox_.PutConfig(Revision(2));
  EXPECT_EQ(inbox_.Take(kAll, kAll).config->revision(), 2);
  EXPECT_EQ(inbox_.Take(kAll, kAll).config, nullptr);
}

TEST_F(InboxTest, WakesTheLoopForEverythingThatComes) {
  Open();
  PendingCall call = Call(1);
  ASSERT_TRUE(inbox_.PutCall(call).ok());
  ASSERT_TRUE(inbox_.PutAnswer(3, {}).ok());
  inbox_.PutConfig(Revision(1));
  inbox_.PutEnds(3, TopicOffsets{});
  EXPECT_EQ(woken_, 4);
}

TEST_F(InboxTest, EndsForAnotherIncarnationAreDropped) {
  Open();
  inbox_.PutEnds(2, TopicOffsets{});
  EXPECT_TRUE(inbox_.empty());
}

}  // namespace
}  // namespace trama::platform
