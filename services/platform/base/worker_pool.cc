#include "services/platform/base/worker_pool.h"

#include <utility>

#include "services/kernel/check.h"

namespace trama::platform {

WorkerPool::WorkerPool(std::string name, size_t threads, size_t queue_max, Metrics* metrics)
    : name_(std::move(name)), queue_max_(queue_max) {
  TRAMA_CHECK(threads > 0 && queue_max > 0);
  if (metrics != nullptr) {
    depth_ = &metrics->Gauge("trama_worker_queue_depth", "Work that waits for a thread.", {"pool"})
                  .With({name_});
  }
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
    if (depth_ != nullptr) depth_->Set(static_cast<double>(queue_.size()));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::Stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads) {
    TRAMA_CHECK(thread.get_id() != std::this_thread::get_id());
    thread.join();
  }
}

size_t WorkerPool::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void WorkerPool::Run() {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      if (queue_.empty()) return;  // Stopped, and all is done.
      work = std::move(queue_.front());
      queue_.pop_front();
      if (depth_ != nullptr) depth_->Set(static_cast<double>(queue_.size()));
    }
    work();
  }
}

}  // namespace trama::platform
