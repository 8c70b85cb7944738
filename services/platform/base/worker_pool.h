#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/platform/base/metrics.h"

namespace trama::platform {

// Threads for work that blocks (Redis, files, a peer), with a bounded queue before them.
class WorkerPool {
 public:
  // `metrics` may be null. `name` labels the threads and the metrics.
  WorkerPool(std::string name, size_t threads, size_t queue_max, Metrics* metrics = nullptr);
  // Stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and nothing happens, when the queue is full or the pool is stopped.
  [[nodiscard]] bool Submit(std::function<void()> work);

  // Takes no more work, does what is queued, joins. Not from one of its own threads.
  void Stop();

  size_t queued() const;

 private:
  void Run();

  const std::string name_;
  const size_t queue_max_;
  prometheus::Gauge* depth_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace trama::platform
