#pragma once

#include <functional>
#include <thread>

namespace trama::platform {

// Holds back SIGTERM and SIGINT in this thread and those that it makes from now on, until a
// SignalWatcher takes them; ignores SIGPIPE. First thing in main().
void BlockStopSignals();

// SIGTERM and SIGINT as calls of a function on a thread of its own (signalfd), so that nothing runs
// in a signal handler. Needs BlockStopSignals() before any thread was made.
class SignalWatcher {
 public:
  // `on_signal(number)` for each one that comes; must not destroy the watcher.
  explicit SignalWatcher(std::function<void(int)> on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Run();

  const std::function<void(int)> on_signal_;
  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::thread thread_;
};

}  // namespace trama::platform
