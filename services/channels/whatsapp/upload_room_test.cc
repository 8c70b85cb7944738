#include "services/channels/whatsapp/upload_room.h"

#include <chrono>
#include <future>
#include <memory>

#include "boost/asio/co_spawn.hpp"
#include "gtest/gtest.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/serial_executor.h"

namespace trama::whatsapp {
namespace {

using Share = std::unique_ptr<UploadRoom::Share>;

constexpr absl::Duration kShort = absl::Milliseconds(20);
constexpr absl::Duration kLong = absl::Seconds(30);

class UploadRoomTest : public ::testing::Test {
 protected:
  std::future<Share> Take(size_t bytes, absl::Duration limit) {
    const auto promise = std::make_shared<std::promise<Share>>();
    boost::asio::co_spawn(
        platform::SerialExecutor(io_.context()), room_->Take(bytes, limit),
        [promise](std::exception_ptr, Share share) { promise->set_value(std::move(share)); });
    return promise->get_future();
  }
  static bool IsReady(const std::future<Share>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  std::unique_ptr<UploadRoom> room_ = std::make_unique<UploadRoom>(100);
  platform::IoThreads io_{1};  // What is spawned begins in its order.
};

TEST_F(UploadRoomTest, WhatFitsWaitsForNothing) {
  const Share first = Take(60, kLong).get();
  const Share second = Take(40, kLong).get();
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(Take(1, kShort).get(), nullptr) << "it is full";
}

TEST_F(UploadRoomTest, WhoFindsNoRoomGetsItInHisTurn) {
  Share first = Take(60, kLong).get();
  std::future<Share> large = Take(100, kLong);
  std::future<Share> small = Take(10, kLong);
  EXPECT_EQ(Take(1, kShort).get(), nullptr) << "behind the large one";
  EXPECT_FALSE(IsReady(small));
  first.reset();
  Share second = large.get();
  EXPECT_NE(second, nullptr);
  EXPECT_FALSE(IsReady(small));
  second.reset();
  EXPECT_NE(small.get(), nullptr);
}

TEST_F(UploadRoomTest, WhoGivesUpHoldsUpNobody) {
  const Share first = Take(60, kLong).get();
  std::future<Share> large = Take(100, kShort);
  std::future<Share> small = Take(40, kLong);
  EXPECT_EQ(large.get(), nullptr);
  EXPECT_NE(small.get(), nullptr);
}

TEST_F(UploadRoomTest, AShareMayOutliveTheRoom) {
  const Share share = Take(60, kLong).get();
  room_.reset();
}

}  // namespace
}  // namespace trama::whatsapp
