#include "services/channels/common/timed_waits.h"

#include <functional>
#include <string>
#include <vector>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

using ::testing::ElementsAre;
using Done = std::function<void(std::string)>;

// One thread, which the test runs.
class TimedWaitsTest : public ::testing::Test {
 protected:
  using Start = std::function<void(Done)>;

  void Await(TimedWaits<std::string>& waits) {
    Await(waits, [this](Done done) { started_.push_back(std::move(done)); });
  }

  void Await(TimedWaits<std::string>& waits, Start start) {
    const size_t number = results_.size();
    results_.emplace_back("open");
    boost::asio::co_spawn(io_, waits.Await(std::move(start)),
                          [this, number](const std::exception_ptr&, std::string result) {
                            results_[number] = std::move(result);
                          });
  }

  boost::asio::io_context io_{1};
  std::vector<Done> started_;
  std::vector<std::string> results_;
};

TEST_F(TimedWaitsTest, TheResultIsWhatDoneSays) {
  TimedWaits<std::string> waits(absl::Hours(1), "late");
  Await(waits);
  Await(waits);
  io_.poll();
  ASSERT_EQ(started_.size(), 2u);
  started_[1]("second");
  started_[0]("first");
  started_[0]("again");
  io_.poll();
  EXPECT_THAT(results_, ElementsAre("first", "second"));
}

TEST_F(TimedWaitsTest, WhoHasWaitedForTheLimitIsTooLate) {
  TimedWaits<std::string> waits(absl::Milliseconds(1), "late");
  Await(waits);
  Await(waits, [](const Done& done) { done("in time"); });
  // Ends by itself: nothing is left to wait for.
  io_.run();
  EXPECT_THAT(results_, ElementsAre("late", "in time"));
  started_[0]("too late");
  io_.restart();
  io_.run();
  EXPECT_THAT(results_, ElementsAre("late", "in time"));
}

TEST_F(TimedWaitsTest, ALaterWaitHasItsOwnLimit) {
  TimedWaits<std::string> waits(absl::Milliseconds(1), "late");
  Await(waits);
  io_.run();
  io_.restart();
  Await(waits);
  io_.run();
  EXPECT_THAT(results_, ElementsAre("late", "late"));
}

TEST_F(TimedWaitsTest, WaitsMayOutliveTheObject) {
  {
    TimedWaits<std::string> waits(absl::Hours(1), "late");
    Await(waits);
    io_.poll();
  }
  ASSERT_EQ(started_.size(), 1u);
  started_[0]("in time");
  io_.poll();
  EXPECT_THAT(results_, ElementsAre("in time"));
}

}  // namespace
}  // namespace trama::channels
