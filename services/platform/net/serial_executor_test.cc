#include "services/platform/net/serial_executor.h"

#include <atomic>
#include <thread>

#include "boost/asio/post.hpp"
#include "gtest/gtest.h"
#include "services/platform/net/io_threads.h"

namespace trama::platform {
namespace {

TEST(SerialExecutorTest, OneThreadNeedsNoStrand) {
  IoThreads one(1);
  EXPECT_EQ(SerialExecutor(one.context()), one.context().get_executor());
  IoThreads two(2);
  EXPECT_NE(SerialExecutor(two.context()), two.context().get_executor());
}

TEST(SerialExecutorTest, WhatIsPostedToOneNeverRunsTwiceAtOnce) {
  constexpr int kTimes = 2000;
  std::atomic<int> inside = 0;
  std::atomic<int> done = 0;
  bool overlapped = false;  // Only while nobody else is inside.
  {
    IoThreads io(4);
    const boost::asio::any_io_executor serial = SerialExecutor(io.context());
    for (int i = 0; i < kTimes; ++i) {
      boost::asio::post(serial, [&] {
        if (++inside > 1) overlapped = true;
        std::this_thread::yield();
        --inside;
        if (++done == kTimes) done.notify_all();
      });
    }
    for (int seen = done; seen < kTimes; seen = done) done.wait(seen);
  }
  EXPECT_FALSE(overlapped);
}

}  // namespace
}  // namespace trama::platform
