#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/steady_time.h"

namespace trama::channels {

// As platform::AwaitCallback, but each wait ends after `limit`; then its result is `too_late`, and
// what `done` says later is ignored. As all have the same limit, the oldest ends first, and one
// timer serves all of them.
//
// Threads: safe from any. The waits may outlive the object.
template <typename T>
class TimedWaits {
 public:
  TimedWaits(absl::Duration limit, T too_late)
      : open_(std::make_shared<Open>(platform::ToSteady(limit), std::move(too_late))) {}

  // `start` as for AwaitCallback.
  template <typename Start>
  platform::Awaitable<T> Await(Start start) {
    return platform::AwaitCallback<T>(
        [open = open_, start = std::move(start)](std::function<void(T)> done,
                                                 boost::asio::any_io_executor executor) mutable {
          auto wait = std::make_shared<Wait>(std::move(done), Clock::now() + open->limit);
          open->Add(wait, executor);
          std::function<void(T)> end([wait](T value) { wait->End(std::move(value)); });
          if constexpr (std::is_invocable_v<Start&, std::function<void(T)>,
                                            boost::asio::any_io_executor>) {
            start(std::move(end), executor);
          } else {
            start(std::move(end));
          }
        });
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Wait {
    Wait(std::function<void(T)> told, Clock::time_point latest)
        : done(std::move(told)), due(latest) {}

    void End(T value) {
      if (!ended.test_and_set()) std::exchange(done, nullptr)(std::move(value));
    }

    std::function<void(T)> done;
    const Clock::time_point due;
    std::atomic_flag ended;
  };

  struct Open : std::enable_shared_from_this<Open> {
    Open(Clock::duration longest, T late) : limit(longest), too_late(std::move(late)) {}

    void Add(std::shared_ptr<Wait> wait, const boost::asio::any_io_executor& executor) {
      const std::lock_guard lock(mutex);
      DropEnded();
      waits.push_back(std::move(wait));
      if (!timer.has_value()) Arm(executor);
    }

    void DropEnded() {
      while (!waits.empty() && waits.front()->ended.test()) waits.pop_front();
    }

    void Arm(const boost::asio::any_io_executor& executor) {
      timer.emplace(executor, waits.front()->due);
      timer->async_wait([weak = this->weak_from_this(), executor](const auto&) {
        if (const std::shared_ptr<Open> self = weak.lock()) self->OnTimer(executor);
      });
    }

    void OnTimer(const boost::asio::any_io_executor& executor) {
      std::deque<std::shared_ptr<Wait>> late;
      {
        const std::lock_guard lock(mutex);
        const Clock::time_point now = Clock::now();
        for (; !waits.empty() && waits.front()->due <= now; waits.pop_front()) {
          late.push_back(std::move(waits.front()));
        }
        DropEnded();
        timer.reset();
        if (!waits.empty()) Arm(executor);
      }
      for (const std::shared_ptr<Wait>& wait : late) wait->End(too_late);
    }

    const Clock::duration limit;
    const T too_late;
    std::mutex mutex;
    std::deque<std::shared_ptr<Wait>> waits;  // Guarded by mutex, as the timer; the oldest first.
    std::optional<boost::asio::steady_timer> timer;  // There while it runs.
  };

  const std::shared_ptr<Open> open_;
};

}  // namespace trama::channels
