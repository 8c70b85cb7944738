#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/this_coro.hpp"
#include "services/platform/net/awaitable.h"

namespace trama::channels {

template <typename T>
platform::Awaitable<std::vector<T>> GatherOne(platform::Awaitable<T> call) {
  std::vector<T> results(1);
  try {
    results.front() = co_await std::move(call);
  } catch (...) {
    results.front() = T{};
  }
  co_return results;
}

// Runs all of them at the same time, where the caller runs, and gives their results in the order of
// the calls. One that threw leaves a T{}. `T` must be default-constructible and not bool.
template <typename T>
platform::Awaitable<std::vector<T>> Gather(std::vector<platform::Awaitable<T>> calls) {
  // A message by itself, which most are, needs nobody beside it.
  if (calls.size() == 1) co_return co_await GatherOne(std::move(calls.front()));
  struct Progress {
    std::vector<T> results;
    std::atomic<size_t> left = 0;
    std::function<void(char)> done;
  };
  auto progress = std::make_shared<Progress>();
  progress->results.resize(calls.size());
  progress->left = calls.size();
  if (calls.empty()) co_return std::move(progress->results);
  auto executor = co_await boost::asio::this_coro::executor;
  co_await platform::AwaitCallback<char>([&](std::function<void(char)> done) {
    progress->done = std::move(done);
    for (size_t i = 0; i < calls.size(); ++i) {
      boost::asio::co_spawn(executor, std::move(calls[i]),
                            [progress, i](const std::exception_ptr& thrown, T result) {
                              if (!thrown) progress->results[i] = std::move(result);
                              if (--progress->left == 0) std::exchange(progress->done, nullptr)(0);
                            });
    }
  });
  co_return std::move(progress->results);
}

}  // namespace trama::channels
