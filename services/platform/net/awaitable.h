#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without including it.

#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/async_result.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/use_awaitable.hpp"

// Coroutines on Asio. Two traps of GCC 12 to keep in mind when writing one: pass parameters by
// value (the caller's frame may be gone at the first suspension), and give arguments of an awaited
// call a name instead of a braced temporary (`co_await Send({.url = u})` destroys it twice).
namespace trama::platform {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;

namespace internal {

// Carries a move-only completion through a copyable std::function and gives it back to its own
// executor, which is kept busy meanwhile so that io_context::run() does not return.
template <typename Handler>
struct PendingCompletion {
  explicit PendingCompletion(Handler&& completion)
      : executor(boost::asio::prefer(boost::asio::get_associated_executor(completion),
                                     boost::asio::execution::outstanding_work.tracked)),
        handler(std::move(completion)) {}

  boost::asio::any_io_executor executor;
  Handler handler;
};

}  // namespace internal

// Waits inside a coroutine for a call that reports by callback:
//
//   absl::Status sent = co_await AwaitCallback<absl::Status>(
//       [&](std::function<void(absl::Status)> done) { producer.Send(record, std::move(done)); });
//
// `done` may be called on any thread, also before `start` returns, but exactly once; the coroutine
// goes on where it ran before. A `done` that is destroyed uncalled ends the coroutine silently.
// A `start` that takes a second argument is given the executor on which the coroutine goes on.
// `T` must be default-constructible (a limit of Boost 1.74's co_spawn) and movable.
//
// No coroutine of its own, so that a wait costs one frame less.
template <typename T, typename Start>
Awaitable<T> AwaitCallback(Start start) {
  auto initiate = [](auto handler, Start begin) {
    using Pending = internal::PendingCompletion<decltype(handler)>;
    auto pending = std::make_shared<Pending>(std::move(handler));
    std::function<void(T)> done([pending](T value) {
      // Taken out first: the executor must outlive the move of the handler.
      boost::asio::any_io_executor executor = pending->executor;
      boost::asio::post(executor, [pending, value = std::move(value)]() mutable {
        pending->handler(std::move(value));
      });
    });
    if constexpr (std::is_invocable_v<Start&, std::function<void(T)>,
                                      boost::asio::any_io_executor>) {
      // Whoever keeps it must not keep the io_context busy.
      begin(std::move(done),
            boost::asio::prefer(pending->executor,
                                boost::asio::execution::outstanding_work.untracked));
    } else {
      begin(std::move(done));
    }
  };
  const auto& token = boost::asio::use_awaitable;
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, token, std::move(start));
}

}  // namespace trama::platform
