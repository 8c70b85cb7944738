#include "services/platform/base/worker_pool.h"

#include <future>

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

TEST(WorkerPoolTest, RunsWhatItIsGiven) {
  std::promise<int> done;
  WorkerPool pool("test", 2, 10);
  ASSERT_TRUE(pool.Submit([&] { done.set_value(7); }));
  EXPECT_EQ(done.get_future().get(), 7);
}

TEST(WorkerPoolTest, RefusesWhenTheQueueIsFull) {
  std::promise<void> started;
  std::promise<void> release;
  WorkerPool pool("test", 1, 2);
  ASSERT_TRUE(pool.Submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.Submit([] {}));
  EXPECT_TRUE(pool.Submit([] {}));
  EXPECT_FALSE(pool.Submit([] {}));
  EXPECT_EQ(pool.queued(), 2u);
  release.set_value();
}

TEST(WorkerPoolTest, StopDoesWhatIsQueuedAndThenRefuses) {
  int done = 0;
  WorkerPool pool("test", 1, 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.Submit([&] { ++done; }));
  pool.Stop();
  EXPECT_EQ(done, 50);
  EXPECT_FALSE(pool.Submit([] {}));
}

}  // namespace
}  // namespace trama::platform
