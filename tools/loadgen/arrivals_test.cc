#include "tools/loadgen/arrivals.h"

#include <vector>

#include "gtest/gtest.h"

namespace trama::loadgen {
namespace {

std::vector<double> TimesOf(Pattern pattern, double rate, absl::Duration run, uint64_t seed) {
  Arrivals arrivals(pattern, rate, run, seed);
  std::vector<double> times;
  while (const auto next = arrivals.Next()) times.push_back(absl::ToDoubleSeconds(*next));
  return times;
}

int CountIn(const std::vector<double>& times, double from, double to) {
  int count = 0;
  for (const double time : times) count += time >= from && time < to ? 1 : 0;
  return count;
}

TEST(ArrivalsTest, EqualSeedsGiveEqualTimesAndOthersDoNot) {
  const auto once = TimesOf(Pattern::kConstant, 50, absl::Seconds(10), 1);
  EXPECT_EQ(once, TimesOf(Pattern::kConstant, 50, absl::Seconds(10), 1));
  EXPECT_NE(once, TimesOf(Pattern::kConstant, 50, absl::Seconds(10), 2));
}

TEST(ArrivalsTest, EveryPatternHasTheMeanRateAndRisesWithinTheRun) {
  for (const Pattern pattern : {Pattern::kConstant, Pattern::kDay, Pattern::kBurst}) {
    const auto times = TimesOf(pattern, 100, absl::Seconds(240), 3);
    EXPECT_NEAR(static_cast<double>(times.size()), 24'000, 1'000);
    for (size_t i = 1; i < times.size(); ++i) ASSERT_LE(times[i - 1], times[i]);
    EXPECT_LT(times.back(), 240);
  }
}

TEST(ArrivalsTest, TheDayHasANightAndABurstItsMiddle) {
  const auto day = TimesOf(Pattern::kDay, 100, absl::Seconds(240), 3);
  EXPECT_GT(CountIn(day, 100, 110), 10 * CountIn(day, 20, 30));
  const auto burst = TimesOf(Pattern::kBurst, 100, absl::Seconds(100), 3);
  EXPECT_GT(CountIn(burst, 46, 54), 7 * CountIn(burst, 10, 18));
}

TEST(ArrivalsTest, AnUnknownPatternIsNamed) {
  EXPECT_TRUE(ParsePattern("day").ok());
  EXPECT_EQ(ParsePattern("weekly").status().message(),
            "\"weekly\" is no pattern; there are constant, day and burst");
}

}  // namespace
}  // namespace trama::loadgen
