#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace trama::platform {

// Runs a function every so often on a thread of its own, until it is destroyed.
class Periodic {
 public:
  // First after one `interval`; the next one is due `interval` after the end of the last.
  Periodic(absl::Duration interval, std::function<void()> work);
  // Waits for the run that is under way.
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void Run(absl::Duration interval, const std::function<void()>& work);

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace trama::platform
