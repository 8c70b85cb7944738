#include "services/platform/base/periodic.h"

#include <utility>

namespace trama::platform {

Periodic::Periodic(absl::Duration interval, std::function<void()> work)
    : thread_([this, interval, work = std::move(work)] { Run(interval, work); }) {}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Periodic::Run(absl::Duration interval, const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, absl::ToChronoNanoseconds(interval), [this] { return stopped_; })) {
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace trama::platform
