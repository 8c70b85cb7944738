#include "services/kernel/pause.h"

#include <limits>

#include "gtest/gtest.h"

namespace trama {
namespace {

TEST(DoublingPauseTest, DoublesUntilItIsLongest) {
  const absl::Duration first = absl::Milliseconds(100);
  const absl::Duration longest = absl::Seconds(1);
  EXPECT_EQ(DoublingPause(first, longest, 0), first);
  EXPECT_EQ(DoublingPause(first, longest, 1), 2 * first);
  EXPECT_EQ(DoublingPause(first, longest, 3), 8 * first);
  EXPECT_EQ(DoublingPause(first, longest, 4), longest);
}

TEST(DoublingPauseTest, NoNumberOfFailuresIsTooLarge) {
  constexpr int kMost = std::numeric_limits<int>::max();
  EXPECT_EQ(DoublingPause(absl::Milliseconds(1), absl::Seconds(10), kMost), absl::Seconds(10));
  EXPECT_EQ(DoublingPause(absl::Hours(1), absl::InfiniteDuration(), kMost),
            absl::Hours(int64_t{1} << 20));
}

TEST(DoublingPauseTest, NothingFailedBeforeIsTheFirstPause) {
  EXPECT_EQ(DoublingPause(absl::Seconds(1), absl::Seconds(10), -1), absl::Seconds(1));
}

}  // namespace
}  // namespace trama
