#include "services/channels/common/delivery_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/testing/plan_driver.h"

namespace trama::channels {
namespace {

namespace dv = delivery::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kStart;

class DeliveryPlanTest : public testing::PlanDriver {
 protected:
  // What the last record says to a person.
  std::string WhyFailed() const { return log_.back().failure().detail(); }
};

TEST_F(DeliveryPlanTest, AttemptIsRecordedTogetherWithTheCall) {
  EXPECT_THAT(Take(5, "m1"), ElementsAre("attempting m1 #1", "send m1 #1"));
  EXPECT_EQ(plan_->OldestOpen(), 5);

  EXPECT_THAT(Ended("m1", 1, Sent()), ElementsAre("sent m1 #1"));
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryPlanTest, RecordsSayWhoseMessageItWas) {
  Take(5, "m1", "conv");
  const dv::Delivery& said = last_.records.at(0).delivery;
  EXPECT_EQ(said.workspace(), "demo");
  EXPECT_EQ(said.conversation_id(), "conv");
  EXPECT_EQ(said.channel(), "sms");
  EXPECT_EQ(said.channel_account(), "main");
  EXPECT_EQ(FromProto(said.occurred_at()), kStart);
  EXPECT_EQ(last_.records.at(0).traceparent, "00-1");
}

TEST_F(DeliveryPlanTest, SameStepHasTheSameEventIdInEveryLife) {
  Take(5, "m1");
  const std::string first = last_.records.at(0).delivery.event_id();
  Renew(rules_);
  Take(5, "m1");
  EXPECT_EQ(last_.records.at(0).delivery.event_id(), first);
}

TEST_F(DeliveryPlanTest, CertainRefusalIsTriedAgainAfterJitteredBackoff) {
  Take(0, "m1");
  // Second attempt: half of 1 s, that is the same second; third: half of 2 s.
  EXPECT_THAT(Ended("m1", 1, Retry()), ElementsAre("retrying m1 #1 until 0"));
  EXPECT_EQ(plan_->NextDeadline(), kStart + absl::Milliseconds(500));
  EXPECT_THAT(At(1), ElementsAre("attempting m1 #2", "send m1 #2"));
  EXPECT_THAT(Ended("m1", 2, Retry()), ElementsAre("retrying m1 #2 until 2"));
  EXPECT_THAT(At(2), ElementsAre("attempting m1 #3", "send m1 #3"));
  EXPECT_THAT(Ended("m1", 3, Sent()), ElementsAre("sent m1 #3"));
}

TEST_F(DeliveryPlanTest, AmbiguousAttemptIsMadeAgainUntilItExpiresWhereTheVendorDropsRepeats) {
  Renew(
      DeliveryRules{.channel = "open", .age_max = absl::Seconds(2), .vendor_drops_repeats = true});
  Take(0, "m1");
  EXPECT_THAT(Ended("m1", 1, Ambiguous()), ElementsAre("retrying m1 #1 until 0"));
  EXPECT_THAT(At(1), ElementsAre("attempting m1 #2", "send m1 #2"));
  EXPECT_THAT(Ended("m1", 2, Ambiguous()), ElementsAre("failed m1 #2 EXPIRED"));
}

TEST_F(DeliveryPlanTest, VendorsRetryAfterIsObeyed) {
  Take(0, "m1");
  EXPECT_THAT(Ended("m1", 1, Retry(absl::Seconds(90))), ElementsAre("retrying m1 #1 until 90"));
  EXPECT_THAT(At(89), IsEmpty());
  EXPECT_THAT(At(90), ElementsAre("attempting m1 #2", "send m1 #2"));
}

TEST_F(DeliveryPlanTest, RateLimitOfTheAccountHoldsItsOtherMessagesToo) {
  Take(0, "m1");
  Ended("m1", 1, Of(SendOutcome::Kind::kRetry, absl::Seconds(10), /*account_wide=*/true));
  EXPECT_THAT(Take(1, "m2"), IsEmpty());
  EXPECT_THAT(Take(2, "m3", "", "other"), ElementsAre("attempting m3 #1", "send m3 #1"));
  EXPECT_THAT(At(10),
              ElementsAre("attempting m1 #2", "attempting m2 #1", "send m1 #2", "send m2 #1"));
}

TEST_F(DeliveryPlanTest, PermanentRefusalFailsAtOnce) {
  Take(0, "m1");
  EXPECT_THAT(Ended("m1", 1, Failed()), ElementsAre("failed m1 #1 VENDOR_DOWN"));
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryPlanTest, AmbiguousAttemptWaitsForAReceiptBeforeAnythingElse) {
  Take(0, "m1");
  EXPECT_THAT(Ended("m1", 1, Ambiguous()), ElementsAre("unknown m1 #1 until 60"));
  EXPECT_THAT(At(59), IsEmpty());
  EXPECT_THAT(Receipt("m1", dv::STATUS_DELIVERED), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
  EXPECT_THAT(At(600), IsEmpty());
}

TEST_F(DeliveryPlanTest, AmbiguousAttemptIsRetriedOnceWhenTheVendorCannotTell) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  EXPECT_THAT(At(60), ElementsAre("find m1 #1"));
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kCannotTell),
              ElementsAre("attempting m1 #2", "send m1 #2"));
  EXPECT_THAT(Ended("m1", 2, Ambiguous()), ElementsAre("unknown m1 #2 until 120"));
  EXPECT_THAT(At(120), ElementsAre("find m1 #2"));
  EXPECT_THAT(Found("m1", 2, FindOutcome::Kind::kCannotTell),
              ElementsAre("failed m1 #2 VENDOR_DOWN"));
}

TEST_F(DeliveryPlanTest, RefusalOfASecondAttemptDoesNotHideThatTheFirstMayHaveArrived) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  Found("m1", 1, FindOutcome::Kind::kCannotTell);
  EXPECT_THAT(Ended("m1", 2, Failed()), ElementsAre("failed m1 #2 VENDOR_DOWN"));
  EXPECT_THAT(WhyFailed(), HasSubstr("the customer may have it"));
}

TEST_F(DeliveryPlanTest, RefusalAfterTheVendorHasSaidThatItHasNothingIsTheWholeTruth) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  Found("m1", 1, FindOutcome::Kind::kNotFound);
  EXPECT_THAT(Ended("m1", 2, Failed()), ElementsAre("failed m1 #2 VENDOR_DOWN"));
  EXPECT_THAT(WhyFailed(), IsEmpty());
}

TEST_F(DeliveryPlanTest, ReceiptDuringASecondAttemptOutweighsItsRefusal) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  Found("m1", 1, FindOutcome::Kind::kCannotTell);
  Receipt("m1", dv::STATUS_DELIVERED);
  EXPECT_THAT(Ended("m1", 2, Failed()), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryPlanTest, WhatEndsBeforeASecondAttemptSaysThatTheFirstMayHaveArrived) {
  for (const bool is_expired : {true, false}) {
    Renew(DeliveryRules{.channel = "sms",
                        .age_max = is_expired ? absl::Seconds(50) : absl::Hours(1)});
    At(0);
    Take(0, "m1");
    Ended("m1", 1, Ambiguous());
    At(60);
    if (!is_expired)
      plan_->SetAccounts(DeliveryAccounts{{"demo/main", DeliveryAccount{.on = false}}});
    EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kCannotTell),
                ElementsAre(is_expired ? "failed m1 #1 EXPIRED" : "failed m1 #1 ACCOUNT_OFF"));
    EXPECT_THAT(WhyFailed(), HasSubstr("the customer may have it"));
  }
}

TEST_F(DeliveryPlanTest, WhatTheVendorHasIsNotSentAgain) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kFound), ElementsAre("sent m1 #1"));
  EXPECT_EQ(last_.records.at(0).delivery.vendor_message_id(), "SM-found");
}

TEST_F(DeliveryPlanTest, ReceiptDuringTheSearchEndsIt) {
  Take(0, "m1");
  Ended("m1", 1, Ambiguous());
  At(60);
  Receipt("m1", dv::STATUS_SENT);
  EXPECT_THAT(Found("m1", 1, FindOutcome::Kind::kNotFound), IsEmpty());
}

TEST_F(DeliveryPlanTest, ReceiptBeforeAnAmbiguousAnswerSettlesIt) {
  Take(0, "m1");
  EXPECT_THAT(Receipt("m1", dv::STATUS_DELIVERED), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), 0);
  EXPECT_THAT(Ended("m1", 1, Ambiguous()), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryPlanTest, ReceiptBeforeAClearAnswerStillRecordsTheVendorsId) {
  Take(0, "m1");
  Receipt("m1", dv::STATUS_DELIVERED);
  EXPECT_THAT(Ended("m1", 1, Sent()), ElementsAre("sent m1 #1"));
}

TEST_F(DeliveryPlanTest, AccountsOwnReceiptWaitIsUsed) {
  plan_->SetAccounts(
      DeliveryAccounts{{"demo/main", DeliveryAccount{.receipt_wait = absl::Seconds(5)}}});
  Take(0, "m1");
  EXPECT_THAT(Ended("m1", 1, Ambiguous()), ElementsAre("unknown m1 #1 until 5"));
}

TEST_F(DeliveryPlanTest, ConversationKeepsItsOrderWhileOthersPass) {
  Take(0, "m1", "a");
  EXPECT_THAT(Take(1, "m2", "a"), IsEmpty());
  EXPECT_THAT(Take(2, "m3", "b"), ElementsAre("attempting m3 #1", "send m3 #1"));
  Ended("m1", 1, Retry(absl::Seconds(30)));
  Ended("m3", 1, Sent());
  EXPECT_EQ(plan_->OldestOpen(), 0);
  EXPECT_THAT(At(30), ElementsAre("attempting m1 #2", "send m1 #2"));
  EXPECT_THAT(Ended("m1", 2, Sent()), ElementsAre("sent m1 #2", "attempting m2 #1", "send m2 #1"));
}

TEST_F(DeliveryPlanTest, FailureLetsTheNextOfTheConversationGo) {
  Take(0, "m1", "a");
  Take(1, "m2", "a");
  EXPECT_THAT(Ended("m1", 1, Failed()),
              ElementsAre("failed m1 #1 VENDOR_DOWN", "attempting m2 #1", "send m2 #1"));
}

TEST_F(DeliveryPlanTest, RepeatedOutboundRecordIsPassedOver) {
  Take(0, "m1");
  EXPECT_THAT(Take(1, "m1"), IsEmpty());
  Ended("m1", 1, Sent());
  EXPECT_THAT(Take(2, "m1"), IsEmpty());
  EXPECT_EQ(plan_->OldestOpen(), std::nullopt);
}

TEST_F(DeliveryPlanTest, MessageOfAnAccountThatIsOffFailsWithoutAnAttempt) {
  plan_->SetAccounts(DeliveryAccounts{{"demo/main", DeliveryAccount{.on = false}}});
  EXPECT_THAT(Take(0, "m1"), ElementsAre("failed m1 ACCOUNT_OFF"));
}

TEST_F(DeliveryPlanTest, NothingBeginsOrFailsWhileNobodyKnowsTheAccounts) {
  plan_->SetAccounts(std::nullopt);
  EXPECT_FALSE(plan_->WantsMore());
  EXPECT_THAT(Take(0, "m1"), IsEmpty());
  EXPECT_EQ(plan_->NextDeadline(), absl::InfiniteFuture());
  EXPECT_THAT(At(3600), IsEmpty());
  plan_->SetAccounts(DeliveryAccounts{{"demo/main", DeliveryAccount{}}});
  EXPECT_TRUE(plan_->WantsMore());
  EXPECT_THAT(At(3600), ElementsAre("attempting m1 #1", "send m1 #1"));
}

TEST_F(DeliveryPlanTest, UnknownAccountIsWaitedForALittle) {
  plan_->SetAccounts(DeliveryAccounts());
  EXPECT_THAT(Take(0, "m1"), IsEmpty());
  EXPECT_THAT(At(29), IsEmpty());
  plan_->SetAccounts(DeliveryAccounts{{"demo/main", DeliveryAccount{}}});
  EXPECT_THAT(At(30), ElementsAre("attempting m1 #1", "send m1 #1"));
}

TEST_F(DeliveryPlanTest, AccountThatNeverComesFailsItsMessages) {
  plan_->SetAccounts(DeliveryAccounts());
  Take(0, "m1");
  EXPECT_THAT(At(30), ElementsAre("failed m1 ACCOUNT_OFF"));
}

TEST_F(DeliveryPlanTest, MessagePastItsTimeFailsInsteadOfLeaving) {
  auto message = Message("m1", "c", "main");
  SetProto(kStart - absl::Seconds(1), message->mutable_expires_at());
  EXPECT_THAT(Step([&](DeliveryEffects& effects) { plan_->Take(0, message, "", now_, effects); }),
              ElementsAre("failed m1 EXPIRED"));
}

TEST_F(DeliveryPlanTest, RetryThatWouldComeTooLateFailsNow) {
  auto message = Message("m1", "c", "main");
  SetProto(kStart + absl::Seconds(20), message->mutable_expires_at());
  Step([&](DeliveryEffects& effects) { plan_->Take(0, message, "", now_, effects); });
  EXPECT_THAT(Ended("m1", 1, Retry(absl::Seconds(30))), ElementsAre("failed m1 #1 EXPIRED"));
}

TEST_F(DeliveryPlanTest, MessagesWithoutATimeExpireByAge) {
  Take(0, "m1");
  Ended("m1", 1, Retry());
  EXPECT_THAT(At(24 * 3600), ElementsAre("failed m1 #1 EXPIRED"));
}

TEST_F(DeliveryPlanTest, AttemptsUnderWayAreBounded) {
  Renew(DeliveryRules{.channel = "sms", .in_flight_max = 2});
  Take(0, "m1");
  Take(1, "m2");
  EXPECT_THAT(Take(2, "m3"), IsEmpty());
  EXPECT_EQ(plan_->NextDeadline(), absl::InfiniteFuture());
  EXPECT_THAT(Ended("m1", 1, Sent()), ElementsAre("sent m1 #1", "attempting m3 #1", "send m3 #1"));
}

TEST_F(DeliveryPlanTest, OneAccountDoesNotTakeEveryPlace) {
  Renew(DeliveryRules{.channel = "sms", .in_flight_max = 3, .in_flight_per_account_max = 1});
  Take(0, "m1");
  EXPECT_THAT(Take(1, "m2"), IsEmpty());
  EXPECT_THAT(Take(2, "m3", "", "other"), ElementsAre("attempting m3 #1", "send m3 #1"));
  EXPECT_THAT(Ended("m1", 1, Sent()), ElementsAre("sent m1 #1", "attempting m2 #1", "send m2 #1"));
}

TEST_F(DeliveryPlanTest, ReadingStopsAtTheLimitOfOpenMessages) {
  Renew(DeliveryRules{.channel = "sms", .open_max = 2});
  Take(0, "m1");
  EXPECT_TRUE(plan_->WantsMore());
  Take(1, "m2");
  EXPECT_FALSE(plan_->WantsMore());
  Ended("m1", 1, Sent());
  EXPECT_TRUE(plan_->WantsMore());
}

TEST_F(DeliveryPlanTest, ReadingDoesNotRunAwayFromTheOldestMessage) {
  Renew(DeliveryRules{.channel = "sms", .window_max = 3});
  Take(10, "m1");
  Take(12, "m2");
  EXPECT_TRUE(plan_->WantsMore());
  Take(13, "m3");
  EXPECT_FALSE(plan_->WantsMore());
}

TEST_F(DeliveryPlanTest, NothingStartsOnceTheOwnerLeaves) {
  Take(0, "m1");
  plan_->StopStarting();
  EXPECT_THAT(Take(1, "m2"), IsEmpty());
  EXPECT_THAT(Ended("m1", 1, Sent()), ElementsAre("sent m1 #1"));
  EXPECT_EQ(plan_->NextDeadline(), absl::InfiniteFuture());
}

TEST(BackoffTest, GrowsFromBaseToCapAndTakesARandomPart) {
  const DeliveryRules rules;
  EXPECT_EQ(Backoff(rules, 2, 1.0), absl::Seconds(1));
  EXPECT_EQ(Backoff(rules, 3, 1.0), absl::Seconds(2));
  EXPECT_EQ(Backoff(rules, 3, 0.25), absl::Milliseconds(500));
  EXPECT_EQ(Backoff(rules, 10, 1.0), absl::Seconds(256));
  EXPECT_EQ(Backoff(rules, 11, 1.0), absl::Minutes(5));
  EXPECT_EQ(Backoff(rules, 2'000'000'000, 1.0), absl::Minutes(5));
  EXPECT_EQ(Backoff(rules, 5, 0.0), absl::ZeroDuration());
}

}  // namespace
}  // namespace trama::channels
