#pragma once

#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/io_context.hpp"

namespace trama::platform {

// For what must never run twice at the same time (a connection and its timers): a strand, or `io`
// itself when it was said to have a single thread, which is the same at a fraction of the cost.
boost::asio::any_io_executor SerialExecutor(boost::asio::io_context& io);

// Says that one thread runs `io`, now and later; before anything uses it.
void PromiseOneThread(boost::asio::io_context& io);

}  // namespace trama::platform
