#include "services/channels/common/gather.h"

#include <stdexcept>

#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

using platform::Awaitable;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Awaitable<int> Give(int number) { co_return number; }

Awaitable<int> Throw() {
  throw std::runtime_error("on purpose");
  co_return 1;
}

std::vector<int> GatherAll(std::vector<Awaitable<int>> calls) {
  boost::asio::io_context io;
  std::vector<int> gathered = {-1};
  boost::asio::co_spawn(io, Gather(std::move(calls)),
                        [&](const std::exception_ptr& thrown, std::vector<int> results) {
                          if (thrown == nullptr) gathered = std::move(results);
                        });
  io.run();
  return gathered;
}

TEST(GatherTest, KeepsTheOrderOfTheCalls) {
  std::vector<Awaitable<int>> calls;
  for (int number : {3, 1, 2}) calls.push_back(Give(number));
  EXPECT_THAT(GatherAll(std::move(calls)), ElementsAre(3, 1, 2));
}

TEST(GatherTest, OneByItselfAndNone) {
  std::vector<Awaitable<int>> one;
  one.push_back(Give(7));
  EXPECT_THAT(GatherAll(std::move(one)), ElementsAre(7));
  EXPECT_THAT(GatherAll({}), IsEmpty());
}

TEST(GatherTest, WhatThrowsLeavesAnEmptyResultAndTheOthersTheirs) {
  std::vector<Awaitable<int>> calls;
  calls.push_back(Throw());
  calls.push_back(Give(2));
  EXPECT_THAT(GatherAll(std::move(calls)), ElementsAre(0, 2));
  std::vector<Awaitable<int>> one;
  one.push_back(Throw());
  EXPECT_THAT(GatherAll(std::move(one)), ElementsAre(0));
}

}  // namespace
}  // namespace trama::channels
