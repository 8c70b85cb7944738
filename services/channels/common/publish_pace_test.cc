#include "services/channels/common/publish_pace.h"

#include <memory>
#include <utility>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kSpan = ArrivalRate::kTogether;
constexpr absl::Duration kStart = absl::Hours(1);

// `count` records, evenly within the time that begins at `at`. Was the rate called high at the end?
bool Come(ArrivalRate& rate, absl::Duration at, int count) {
  bool high = false;
  for (int i = 0; i < count; ++i) high = rate.IsHigh(at + kSpan * i / count, 1);
  return high;
}

TEST(ArrivalRateTest, FewLeaveAtOnce) {
  ArrivalRate rate;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Come(rate, kStart + i * kSpan, ArrivalRate::kMany - 1));
  }
}

TEST(ArrivalRateTest, ManyWaitFromTheNextTimeOn) {
  ArrivalRate rate;
  EXPECT_FALSE(Come(rate, kStart, ArrivalRate::kMany));
  EXPECT_TRUE(Come(rate, kStart + kSpan, ArrivalRate::kMany));
  // The last of a burst waits; after it nobody does.
  EXPECT_TRUE(Come(rate, kStart + 2 * kSpan, 1));
  EXPECT_FALSE(Come(rate, kStart + 3 * kSpan, 1));
}

TEST(ArrivalRateTest, AnOldBurstDoesNotCount) {
  ArrivalRate rate;
  Come(rate, kStart, 10 * ArrivalRate::kMany);
  EXPECT_FALSE(rate.IsHigh(kStart + 2 * kSpan, 1));
}

TEST(ArrivalRateTest, ABatchCountsWithAllItsRecords) {
  ArrivalRate rate;
  EXPECT_FALSE(rate.IsHigh(kStart, ArrivalRate::kMany));
  EXPECT_TRUE(rate.IsHigh(kStart + kSpan, 1));
}

// One thread, which the test runs.
class PublishPaceTest : public ::testing::Test {
 protected:
  PublishPaceTest()
      : pace_(std::make_unique<PublishPace<int>>(
            [this](std::vector<int> items) { left_.push_back(std::move(items)); })) {}

  void Add(absl::Duration at, int item) { pace_->Add(at, 1, item, io_.get_executor()); }

  // So that what comes after it in the same time waits.
  void Burst() {
    for (size_t i = 0; i < ArrivalRate::kMany; ++i) Add(kStart, 0);
    left_.clear();
  }

  boost::asio::io_context io_{1};
  std::vector<std::vector<int>> left_;
  std::unique_ptr<PublishPace<int>> pace_;
};

TEST_F(PublishPaceTest, FewLeaveAtOnceAndAlone) {
  Add(kStart, 1);
  Add(kStart, 2);
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST_F(PublishPaceTest, ManyLeaveTogetherInTheirOrder) {
  Burst();
  for (const int item : {1, 2, 3}) Add(kStart + kSpan, item);
  EXPECT_THAT(left_, IsEmpty());
  io_.run();
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1, 2, 3)));
}

TEST_F(PublishPaceTest, WhatWaitsLeavesThoughItIsGone) {
  Burst();
  Add(kStart + kSpan, 1);
  pace_.reset();
  // Ends by itself: nothing is left to wait for.
  io_.run();
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1)));
}

}  // namespace
}  // namespace trama::channels
