#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"

namespace trama::loadgen {

// Runs `what` on a thread of `io` after `wait`; never if `io` is stopped before.
inline void Later(boost::asio::io_context& io, absl::Duration wait, std::function<void()> what) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io, absl::ToChronoNanoseconds(wait));
  timer->async_wait([timer, what = std::move(what)](const boost::system::error_code& error) {
    if (!error) what();
  });
}

}  // namespace trama::loadgen
