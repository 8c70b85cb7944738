#pragma once

#include <thread>
#include <vector>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"

namespace trama::platform {

// An io_context and the threads that run it.
//
// Lifetime: declare it before what uses its context (servers, clients) and call Stop() before what
// their handlers use goes away. The context itself stays usable until the destructor.
class IoThreads {
 public:
  static constexpr int kThreadsMax = 64;

  // `threads` from 1 to kThreadsMax.
  explicit IoThreads(int threads);
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  boost::asio::io_context& context() { return context_; }

  // Ends the threads after the handlers that are running right now; what was still waiting never
  // runs. Not from one of its own threads. A second call does nothing.
  void Stop();

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

}  // namespace trama::platform
