#include "services/platform/engine/tick_pace.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

const absl::Time kBegin = absl::FromUnixSeconds(1'700'000'000);
const absl::Time kLater = kBegin + absl::Seconds(5);

TEST(TickPaceTest, ATickIsDueAtTheDeadline) {
  const TickPace pace;
  EXPECT_FALSE(pace.IsDue(kBegin, kLater));
  EXPECT_EQ(pace.NextAt(kBegin, kLater), kLater);
  EXPECT_TRUE(pace.IsDue(kLater, kLater));
  EXPECT_EQ(pace.NextAt(kLater, kLater), kLater);
}

TEST(TickPaceTest, WhileThereIsWorkTheNextTickFollowsAtOnce) {
  TickPace pace;
  pace.Ticked(kBegin, /*found_work=*/true);
  EXPECT_TRUE(pace.IsDue(kBegin, kBegin));
}

TEST(TickPaceTest, AMachineThatWaitsIsAskedAgainAfterAPauseOrAnInput) {
  TickPace pace;
  pace.Ticked(kBegin, /*found_work=*/false);
  EXPECT_FALSE(pace.IsDue(kBegin, kBegin));
  EXPECT_EQ(pace.NextAt(kBegin, kBegin), kBegin + TickPace::kPause);
  EXPECT_TRUE(pace.IsDue(kBegin + TickPace::kPause, kBegin));
  pace.NoteInput();
  EXPECT_TRUE(pace.IsDue(kBegin, kBegin));
}

// A deadline that waits for caught_up may not be told before the machine knows that it has moved.
TEST(TickPaceTest, WhenCaughtUpHasMovedOneTickIsDueWithoutADeadline) {
  TickPace pace;
  pace.Ticked(kBegin, /*found_work=*/false);
  pace.NoteCaughtUp();
  EXPECT_TRUE(pace.IsDue(kBegin, absl::InfiniteFuture()));
  EXPECT_EQ(pace.NextAt(kBegin, absl::InfiniteFuture()), kBegin);
  pace.NoteInput();
  EXPECT_TRUE(pace.IsDue(kBegin, absl::InfiniteFuture()));

  pace.Ticked(kBegin, /*found_work=*/false);
  EXPECT_FALSE(pace.IsDue(kLater, absl::InfiniteFuture())) << "one tick, no polling";
}

}  // namespace
}  // namespace trama::platform
