#include "services/profile/delivery_state.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "services/profile/testing.h"

namespace trama::profile {
namespace {

using testing::Status;

v1::TimelineEntry After(const std::vector<delivery::v1::Delivery>& deliveries) {
  v1::TimelineEntry entry;
  for (const delivery::v1::Delivery& delivery : deliveries) ApplyDelivery(delivery, entry);
  return entry;
}

delivery::v1::Delivery Failed(int attempt, delivery::v1::Failure::Reason reason) {
  delivery::v1::Delivery failed = Status("m", delivery::v1::STATUS_FAILED, attempt);
  failed.mutable_failure()->set_reason(reason);
  return failed;
}

TEST(DeliveryStateTest, ALateSentAfterDeliveredChangesNothing) {
  EXPECT_EQ(
      After({Status("m", delivery::v1::STATUS_DELIVERED), Status("m", delivery::v1::STATUS_SENT)})
          .delivery_status(),
      delivery::v1::STATUS_DELIVERED);
}

TEST(DeliveryStateTest, ABounceAfterSentIsAFailureWithItsReason) {
  const v1::TimelineEntry entry = After(
      {Status("m", delivery::v1::STATUS_SENT), Failed(1, delivery::v1::Failure::REASON_BOUNCED)});
  EXPECT_EQ(entry.delivery_status(), delivery::v1::STATUS_FAILED);
  EXPECT_EQ(entry.failure_reason(), delivery::v1::Failure::REASON_BOUNCED);
}

TEST(DeliveryStateTest, DeliveredAfterAFailureIsKeptAndTheReasonGoes) {
  const v1::TimelineEntry entry = After({Failed(1, delivery::v1::Failure::REASON_UNREACHABLE),
                                         Status("m", delivery::v1::STATUS_DELIVERED)});
  EXPECT_EQ(entry.delivery_status(), delivery::v1::STATUS_DELIVERED);
  EXPECT_EQ(entry.failure_reason(), 0);
}

TEST(DeliveryStateTest, ANewAttemptFollowsARetry) {
  const v1::TimelineEntry entry = After({Status("m", delivery::v1::STATUS_RETRYING, 1),
                                         Status("m", delivery::v1::STATUS_ATTEMPTING, 2)});
  EXPECT_EQ(entry.delivery_status(), delivery::v1::STATUS_ATTEMPTING);
  EXPECT_EQ(entry.delivery_attempt(), 2);
}

TEST(DeliveryStateTest, AStatusThatThisReleaseDoesNotKnowChangesNothing) {
  EXPECT_EQ(After({Status("m", static_cast<delivery::v1::Status>(99))}).delivery_status(), 0);
}

TEST(DeliveryStateTest, AnyOrderAndAnyRepeatsGiveTheSame) {
  std::vector<delivery::v1::Delivery> all = {Status("m", delivery::v1::STATUS_ATTEMPTING, 1),
                                             Status("m", delivery::v1::STATUS_UNKNOWN, 1),
                                             Status("m", delivery::v1::STATUS_RETRYING, 1),
                                             Status("m", delivery::v1::STATUS_ATTEMPTING, 2),
                                             Status("m", delivery::v1::STATUS_SENT, 2),
                                             Failed(2, delivery::v1::Failure::REASON_BOUNCED),
                                             Failed(2, delivery::v1::Failure::REASON_OTHER)};
  const std::string expected = After(all).SerializeAsString();
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<delivery::v1::Delivery> shuffled = all;
    shuffled.push_back(all[random() % all.size()]);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    EXPECT_EQ(After(shuffled).SerializeAsString(), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace trama::profile
