#include "services/platform/base/circuit_breaker.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using State = CircuitBreaker::State;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  void FailTimes(int times) {
    for (int i = 0; i < times; ++i) breaker_.Fail(now_);
  }
  bool AllowAfter(absl::Duration time) {
    now_ += time;
    return breaker_.Allow(now_);
  }

  absl::Time now_ = absl::UnixEpoch();
  CircuitBreaker breaker_{
      {.failures_max = 3, .open_min = absl::Seconds(1), .open_max = absl::Seconds(3)}};
};

TEST_F(CircuitBreakerTest, OpensAfterSoManyFailuresInARow) {
  FailTimes(2);
  breaker_.Succeed();
  FailTimes(2);
  EXPECT_TRUE(AllowAfter(absl::ZeroDuration()));
  FailTimes(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_FALSE(AllowAfter(absl::Milliseconds(999)));
}

TEST_F(CircuitBreakerTest, OneProbeDecides) {
  FailTimes(3);
  EXPECT_TRUE(AllowAfter(absl::Seconds(1)));
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_FALSE(AllowAfter(absl::Seconds(1)));
  breaker_.Succeed();
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_TRUE(AllowAfter(absl::ZeroDuration()));
}

TEST_F(CircuitBreakerTest, StaysOpenLongerEachTimeUpToALimit) {
  FailTimes(3);
  for (const int seconds : {1, 2, 3, 3}) {
    EXPECT_FALSE(AllowAfter(absl::Seconds(seconds) - absl::Milliseconds(1)));
    EXPECT_TRUE(AllowAfter(absl::Milliseconds(1)));
    FailTimes(1);
  }
  EXPECT_TRUE(AllowAfter(absl::Seconds(3)));
  breaker_.Succeed();
  FailTimes(3);
  EXPECT_TRUE(AllowAfter(absl::Seconds(1)));
}

TEST_F(CircuitBreakerTest, LateFailuresDoNotKeepItOpen) {
  FailTimes(3);
  now_ += absl::Milliseconds(900);
  FailTimes(10);
  EXPECT_TRUE(AllowAfter(absl::Milliseconds(100)));
}

}  // namespace
}  // namespace trama::platform
