#include "services/channels/common/publish_pace.h"

#include <exception>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

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

TEST(PublishPaceTest, AllWhoWaitGoOnThoughItIsGone) {
  boost::asio::io_context io(1);
  int gone = 0;
  {
    PublishPace pace;
    for (int i = 0; i < 3; ++i) {
      boost::asio::co_spawn(io, pace.Turn(), [&](const std::exception_ptr&, bool) { ++gone; });
    }
    io.poll();  // All wait now.
  }
  // Ends by itself: nothing is left to wait for.
  io.run();
  EXPECT_EQ(gone, 3);
}

}  // namespace
}  // namespace trama::channels
