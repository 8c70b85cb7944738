#include "services/platform/net/io_threads.h"

#include "services/kernel/check.h"
#include "services/platform/net/serial_executor.h"

namespace trama::platform {

IoThreads::IoThreads(int threads) : context_(threads), work_(context_.get_executor()) {
  TRAMA_CHECK(threads >= 1 && threads <= kThreadsMax);
  if (threads == 1) PromiseOneThread(context_);
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { context_.run(); });
  }
}

IoThreads::~IoThreads() { Stop(); }

void IoThreads::Stop() {
  context_.stop();
  for (std::thread& thread : threads_) {
    TRAMA_CHECK(thread.get_id() != std::this_thread::get_id());
    thread.join();
  }
  threads_.clear();
}

}  // namespace trama::platform
