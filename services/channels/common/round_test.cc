#include "services/channels/common/round.h"

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

// One thread, which the test runs.
class RoundTest : public ::testing::Test {
 protected:
  RoundTest()
      : round_(std::make_unique<Round<int>>(
            [this](std::vector<int> items) { left_.push_back(std::move(items)); })) {}

  // By somebody who runs on the executor.
  void AddThere(int item) {
    boost::asio::post(io_, [this, item] { round_->Add(item, io_.get_executor()); });
  }

  boost::asio::io_context io_{1};
  std::vector<std::vector<int>> left_;
  std::unique_ptr<Round<int>> round_;
};

TEST_F(RoundTest, ThoseWhoCameTogetherLeaveTogetherInTheirOrder) {
  for (const int item : {1, 2, 3}) AddThere(item);
  io_.run();
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1, 2, 3)));
}

TEST_F(RoundTest, WhoIsAloneWaitsForNobody) {
  AddThere(1);
  io_.run();
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1)));
  io_.restart();
  AddThere(2);
  io_.run();
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST_F(RoundTest, NobodyIsToldWithinAdd) {
  round_->Add(1, io_.get_executor());
  EXPECT_THAT(left_, IsEmpty());
}

TEST_F(RoundTest, WhatWasAddedLeavesThoughItIsGone) {
  round_->Add(1, io_.get_executor());
  round_.reset();
  io_.run();
  EXPECT_THAT(left_, ElementsAre(ElementsAre(1)));
}

}  // namespace
}  // namespace trama::channels
