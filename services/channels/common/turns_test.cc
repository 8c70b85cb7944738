#include "services/channels/common/turns.h"

#include <memory>
#include <vector>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kSpan = ArrivalRate::kWindow;
constexpr absl::Duration kStart = absl::Hours(1);

// `count` requests, evenly within the time that begins at `at`. Was the rate called high at the
// end?
bool Come(ArrivalRate& rate, absl::Duration at, int count) {
  bool high = false;
  for (int i = 0; i < count; ++i) high = rate.IsHigh(at + kSpan * i / count);
  return high;
}

TEST(ArrivalRateTest, FewGoOnAtOnce) {
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
  EXPECT_FALSE(rate.IsHigh(kStart + 2 * kSpan));
}

// One thread, which the test runs.
class TurnsTest : public ::testing::Test {
 protected:
  // So that who comes after it in the same time waits.
  void Burst() {
    for (size_t i = 0; i < ArrivalRate::kMany; ++i) EXPECT_FALSE(turns_->MustWait(kStart));
  }

  void Come(int who) {
    boost::asio::co_spawn(
        io_,
        [this, who]() -> platform::Awaitable<void> {
          co_await turns_->Wait();
          went_on_.push_back(who);
        },
        boost::asio::detached);
  }

  boost::asio::io_context io_{1};
  std::vector<int> went_on_;
  std::unique_ptr<Turns> turns_ = std::make_unique<Turns>();
};

TEST_F(TurnsTest, ManyWaitAndGoOnInTheirOrder) {
  Burst();
  EXPECT_TRUE(turns_->MustWait(kStart + kSpan));
  for (const int who : {1, 2, 3}) {
    Come(who);
    io_.poll_one();
  }
  EXPECT_THAT(went_on_, IsEmpty());
  io_.run();
  EXPECT_THAT(went_on_, ElementsAre(1, 2, 3));
}

TEST_F(TurnsTest, EnoughGoOnAtOnce) {
  for (size_t who = 0; who < Turns::kEnough; ++who) Come(static_cast<int>(who));
  // What is ready: nothing waits for the time.
  io_.poll();
  EXPECT_EQ(went_on_.size(), Turns::kEnough);
}

TEST_F(TurnsTest, AfterATurnTheNextOneComes) {
  Come(1);
  io_.run();
  io_.restart();
  Come(2);
  io_.run();
  EXPECT_THAT(went_on_, ElementsAre(1, 2));
}

TEST_F(TurnsTest, WhoWaitsGoesOnThoughItIsGone) {
  Come(1);
  io_.poll_one();
  turns_.reset();
  // Ends by itself: nothing is left to wait for.
  io_.run();
  EXPECT_THAT(went_on_, ElementsAre(1));
}

}  // namespace
}  // namespace trama::channels
