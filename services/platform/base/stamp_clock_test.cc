#include "services/platform/base/stamp_clock.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

TEST(StampClockTest, StartsAtTheWallWhenThereWasNoOwner) {
  StampClock clock(kNoon, absl::Seconds(5), absl::InfinitePast());
  EXPECT_EQ(clock.At(kNoon, absl::Seconds(5)), kNoon);
}

TEST(StampClockTest, NeverStartsBeforeTheLastOwnersStamp) {
  const absl::Time last = kNoon + absl::Milliseconds(700);
  StampClock clock(kNoon, absl::Seconds(5), last);
  EXPECT_EQ(clock.At(kNoon, absl::Seconds(5)), last);
}

TEST(StampClockTest, FollowsTheMonotonicClock) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  EXPECT_EQ(clock.At(kNoon + absl::Seconds(2), absl::Seconds(2)), kNoon + absl::Seconds(2));
}

TEST(StampClockTest, AStampHasWholeMilliseconds) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  const absl::Time wall = kNoon + absl::Microseconds(1999);
  EXPECT_EQ(clock.At(wall, absl::Microseconds(1999)), kNoon + absl::Milliseconds(1));
}

TEST(StampClockTest, AWallSetForwardIsApproachedSlowly) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  const absl::Duration jump = absl::Hours(1);
  EXPECT_EQ(clock.At(kNoon + jump + absl::Seconds(10), absl::Seconds(10)),
            kNoon + absl::Seconds(10) + absl::Milliseconds(500));
}

TEST(StampClockTest, AWallSetBackNeverTurnsTheStampBack) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  absl::Time last = kNoon;
  for (int second = 1; second <= 60; ++second) {
    const absl::Time now =
        clock.At(kNoon - absl::Hours(1) + absl::Seconds(second), absl::Seconds(second));
    EXPECT_EQ(now - last, absl::Milliseconds(950));
    last = now;
  }
}

TEST(StampClockTest, MeetsTheWallAgainAfterAJump) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  // 2 s at 5 % take 40 s.
  const absl::Time wall = kNoon + absl::Seconds(2) + absl::Seconds(60);
  EXPECT_EQ(clock.At(wall, absl::Seconds(60)), wall);
}

TEST(StampClockTest, AJumpIsCountedOnceHoweverLongItIsFollowed) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  for (int second = 1; second <= 10; ++second) {
    clock.At(kNoon + absl::Minutes(1) + absl::Seconds(second), absl::Seconds(second));
  }
  EXPECT_EQ(clock.jumps(), 1);
}

TEST(StampClockTest, ASmallCorrectionIsNoJump) {
  StampClock clock(kNoon, absl::ZeroDuration(), absl::InfinitePast());
  clock.At(kNoon + absl::Milliseconds(1900), absl::Seconds(1));
  EXPECT_EQ(clock.jumps(), 0);
}

TEST(StampClockTest, AnOwnerWhoseWallIsBehindTheLastStampCountsAJump) {
  StampClock clock(kNoon, absl::ZeroDuration(), kNoon + absl::Minutes(5));
  EXPECT_EQ(clock.jumps(), 1);
}

}  // namespace
}  // namespace trama::platform
