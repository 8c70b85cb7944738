#include "tools/loadgen/latency_histogram.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace trama::loadgen {
namespace {

TEST(LatencyHistogramTest, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.Quantile(0.99), absl::ZeroDuration());
  EXPECT_EQ(histogram.mean(), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, QuantilesAreWithinAThousandthOfTheSortedValues) {
  LatencyHistogram histogram;
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency_us(8, 2);
  std::vector<int64_t> all;
  for (int i = 0; i < 50'000; ++i) {
    all.push_back(static_cast<int64_t>(latency_us(random)) + 1);
    histogram.Record(absl::Microseconds(all.back()));
  }
  std::sort(all.begin(), all.end());
  for (const double quantile : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto place = static_cast<size_t>(quantile * static_cast<double>(all.size()));
    const auto exact = static_cast<double>(all[std::max<size_t>(place, 1) - 1]);
    const double found = absl::ToDoubleMicroseconds(histogram.Quantile(quantile));
    EXPECT_NEAR(found, exact, exact / 1000 + 1) << quantile;
  }
  EXPECT_EQ(histogram.max(), absl::Microseconds(all.back()));
}

TEST(LatencyHistogramTest, AddedOnesAreAsIfRecordedInOne) {
  LatencyHistogram a, b, both;
  for (int i = 1; i < 5'000; ++i) {
    (i % 3 == 0 ? a : b).Record(absl::Microseconds(i * 17));
    both.Record(absl::Microseconds(i * 17));
  }
  a.Add(b);
  EXPECT_EQ(a.count(), both.count());
  EXPECT_EQ(a.mean(), both.mean());
  for (const double quantile : {0.1, 0.5, 0.99}) {
    EXPECT_EQ(a.Quantile(quantile), both.Quantile(quantile));
  }
}

TEST(LatencyHistogramTest, WhatIsOutOfRangeIsKeptAtItsEnd) {
  LatencyHistogram histogram;
  histogram.Record(-absl::Seconds(1));
  histogram.Record(absl::Hours(20));
  EXPECT_EQ(histogram.Quantile(0.5), absl::ZeroDuration());
  EXPECT_GT(histogram.max(), absl::Hours(1));
}

}  // namespace
}  // namespace trama::loadgen
