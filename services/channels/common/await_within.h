#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/steady_time.h"

namespace trama::channels {

// As platform::AwaitCallback, but waits at most `limit`; then the result is `too_late`, and what
// `done` says later is ignored.
template <typename T, typename Start>
platform::Awaitable<T> AwaitWithin(absl::Duration limit, T too_late, Start start) {
  struct Race {
    std::atomic_flag won;
    std::function<void(T)> done;
    void End(T value) {
      if (!won.test_and_set()) std::exchange(done, nullptr)(std::move(value));
    }
  };
  auto executor = co_await boost::asio::this_coro::executor;
  auto timer = std::make_shared<boost::asio::steady_timer>(executor);
  timer->expires_after(platform::ToSteady(limit));
  T result = co_await platform::AwaitCallback<T>([&](std::function<void(T)> done) {
    auto race = std::make_shared<Race>();
    race->done = std::move(done);
    timer->async_wait([race, too_late](const boost::system::error_code& error) {
      if (!error) race->End(too_late);
    });
    start(std::function<void(T)>([race](T value) { race->End(std::move(value)); }));
  });
  timer->cancel();
  co_return result;
}

}  // namespace trama::channels
