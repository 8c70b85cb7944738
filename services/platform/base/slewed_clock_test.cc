#include "services/platform/base/slewed_clock.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

TEST(SlewedClockTest, ShowsTheWallWhileNobodySetsIt) {
  FakeClock real;
  const SlewedClock clock(real);
  real.Advance(absl::Hours(3));
  EXPECT_EQ(clock.Now(), real.Now());
  EXPECT_EQ(clock.Monotonic(), real.Monotonic());
  EXPECT_EQ(clock.jumps(), 0);
}

TEST(SlewedClockTest, AWallThatIsSetIsFollowedSlowlyBothWays) {
  for (const absl::Duration jump : {absl::Hours(1), -absl::Hours(1)}) {
    FakeClock real;
    const SlewedClock clock(real);
    const absl::Time before = clock.Now();
    real.SetWall(before + jump);
    EXPECT_EQ(clock.Now(), before);
    EXPECT_EQ(clock.jumps(), 1);
    EXPECT_EQ(clock.skew(), jump);
    real.Advance(absl::Seconds(10));
    const absl::Duration slewed = (jump > absl::ZeroDuration() ? 1 : -1) * absl::Milliseconds(500);
    EXPECT_EQ(clock.Now(), before + absl::Seconds(10) + slewed);
  }
}

}  // namespace
}  // namespace trama::platform
