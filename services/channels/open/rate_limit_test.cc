#include "services/channels/open/rate_limit.h"

#include "gtest/gtest.h"

namespace trama::open_channel {
namespace {

constexpr absl::Duration kStart = absl::Hours(7);

TEST(RateLimitTest, OneSecondsWorthMayComeAtOnce) {
  RateLimit rate;
  EXPECT_EQ(rate.Take("a", 200, 200, kStart), absl::ZeroDuration());
  EXPECT_EQ(rate.Take("a", 50, 200, kStart), absl::Milliseconds(250));
}

TEST(RateLimitTest, WaitIsEnoughAndRefusedEventsCostNothing) {
  RateLimit rate;
  rate.Take("a", 200, 200, kStart);
  const absl::Duration wait = rate.Take("a", 50, 200, kStart);
  EXPECT_GT(rate.Take("a", 50, 200, kStart + wait / 2), absl::ZeroDuration());
  EXPECT_EQ(rate.Take("a", 50, 200, kStart + wait), absl::ZeroDuration());
}

TEST(RateLimitTest, AccountsAreApart) {
  RateLimit rate;
  rate.Take("a", 200, 200, kStart);
  EXPECT_EQ(rate.Take("b", 200, 200, kStart), absl::ZeroDuration());
}

TEST(RateLimitTest, WholeBatchPassesEvenAtALowRate) {
  RateLimit rate;
  EXPECT_EQ(rate.Take("a", 100, 1, kStart), absl::ZeroDuration());
  EXPECT_EQ(rate.Take("a", 100, 1, kStart), absl::Seconds(100));
  EXPECT_EQ(rate.Take("a", 100, 1, kStart + absl::Seconds(100)), absl::ZeroDuration());
}

TEST(RateLimitTest, QuietAccountsSaveNothingBeyondTheirRoom) {
  RateLimit rate;
  rate.Take("a", 200, 200, kStart);
  EXPECT_EQ(rate.Take("a", 200, 200, kStart + absl::Hours(1)), absl::ZeroDuration());
  EXPECT_GT(rate.Take("a", 100, 200, kStart + absl::Hours(1)), absl::ZeroDuration());
}

}  // namespace
}  // namespace trama::open_channel
