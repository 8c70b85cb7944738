#include "services/channels/common/delivery_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/testing/plan_driver.h"

namespace trama::channels {
namespace {

namespace dv = delivery::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kStart;

// After a takeover only the log is known.
class DeliveryTakeoverTest : public testing::PlanDriver {};

TEST_F(DeliveryTakeoverTest, FinishedMessagesAreNotSentAgainByTheNextOwner) {
  Take(0, "m1");
  Ended("m1", 1, Sent());
  TakeOver();
  EXPECT_THAT(Take(0, "m1"), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryTakeoverTest, LostAttemptIsNeverSentAgainBlindly) {
  Take(0, "m1");
  TakeOver();
  At(5);
  EXPECT_THAT(Take(0, "m1"), ElementsAre("unknown m1 #1 until 65"));
  EXPECT_TRUE(last_.records.at(0).delivery.attempt_lost());
  EXPECT_THAT(At(65), ElementsAre("find m1 #1"));
  EXPECT_EQ(last_.finds.at(0).attempt.started_at, kStart);
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kCannotTell), ElementsAre("failed m1 #1 OTHER"));
}

TEST_F(DeliveryTakeoverTest, LostAttemptThatTheVendorDoesNotHaveIsMadeAgain) {
  Take(0, "m1");
  TakeOver();
  Take(0, "m1");
  At(60);
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kNotFound),
              ElementsAre("attempting m1 #2", "send m1 #2"));
}

TEST_F(DeliveryTakeoverTest, LostAttemptIsMadeAgainAtOnceWhereTheVendorDropsRepeats) {
  Renew(DeliveryRules{.channel = "open", .vendor_drops_repeats = true});
  Take(0, "m1");
  // More than one death, too: no number of repeats does harm.
  for (int attempt = 2; attempt <= 4; ++attempt) {
    TakeOver();
    EXPECT_THAT(Take(0, "m1"), ElementsAre(absl::StrCat("attempting m1 #", attempt),
                                           absl::StrCat("send m1 #", attempt)));
  }
  EXPECT_THAT(Ended("m1", 4, Sent()), ElementsAre("sent m1 #4"));
}

TEST_F(DeliveryTakeoverTest, ReceiptThatCameMeanwhileSettlesALostAttempt) {
  Take(0, "m1");
  Receipt("m1", dv::STATUS_DELIVERED);
  TakeOver();
  EXPECT_THAT(Take(0, "m1"), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryTakeoverTest, VendorThatCannotBeReachedIsAskedAgainAboutALostAttempt) {
  Renew(DeliveryRules{.channel = "sms", .finds_max = 2});
  Take(0, "m1");
  TakeOver();
  Take(0, "m1");
  At(60);
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kTryLater), IsEmpty());
  EXPECT_THAT(At(120), ElementsAre("find m1 #1"));
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kTryLater), ElementsAre("failed m1 #1 OTHER"));
}

TEST_F(DeliveryTakeoverTest, SecondCrashInTheWaitDoesNotAllowAnotherAttempt) {
  Take(0, "m1");
  TakeOver();
  Take(0, "m1");
  TakeOver();
  At(30);
  EXPECT_THAT(Take(0, "m1"), IsEmpty());
  EXPECT_THAT(At(60), ElementsAre("find m1 #1"));
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kCannotTell), ElementsAre("failed m1 #1 OTHER"));
}

TEST_F(DeliveryTakeoverTest, OneRetryIsOneRetryOverACrash) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  Found("m1", 1, FindOutcome::Kind::kCannotTell);
  TakeOver();
  Take(0, "m1");
  At(120);
  EXPECT_THAT(Found("m1", 2, FindOutcome::Kind::kNotFound), ElementsAre("failed m1 #2 OTHER"));
}

TEST_F(DeliveryTakeoverTest, RetryKeepsItsTimeAndItsNumberOverACrash) {
  Take(0, "m1");
  Ended("m1", 1, Retry(absl::Seconds(40)));
  TakeOver();
  At(10);
  EXPECT_THAT(Take(0, "m1"), IsEmpty());
  EXPECT_THAT(At(40), ElementsAre("attempting m1 #2", "send m1 #2"));
}

TEST_F(DeliveryTakeoverTest, OutcomeThatArrivesAfterTheTakeoverInTheSameProcessCounts) {
  Take(0, "m1");
  TakeOver();
  Take(0, "m1");
  EXPECT_THAT(Ended("m1", 1, Sent()), ElementsAre("sent m1 #1"));
  EXPECT_THAT(At(60), IsEmpty());
}

TEST_F(DeliveryTakeoverTest, LateOutcomeOfAnEarlierAttemptIsIgnored) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  Found("m1", 1, FindOutcome::Kind::kCannotTell);
  EXPECT_THAT(Ended("m1", 1, Failed()), IsEmpty());
  EXPECT_EQ(plan_->in_flight(), 1);
}

TEST_F(DeliveryTakeoverTest, SearchKnowsTheVendorsIdsOfOurOtherMessages) {
  Take(0, "m1", "a");
  Ended("m1", 1, Sent());
  Take(1, "m2", "a");
  Ended("m2", 1, Ambiguous());
  At(60);
  EXPECT_THAT(*last_.finds.at(0).taken, ElementsAre("SM1"));
}

TEST_F(DeliveryTakeoverTest, SoftFailureReportedByTheVendorIsNotARetryOfOurs) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  EXPECT_THAT(Receipt("m1", dv::STATUS_FAILED), IsEmpty());
  EXPECT_THAT(At(600), IsEmpty());
}

}  // namespace
}  // namespace trama::channels
