#include "services/channels/common/publish_pace.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/platform/net/steady_time.h"

namespace trama::channels {

bool ArrivalRate::IsHigh(absl::Duration now, size_t records) {
  const absl::Duration passed = now - began_;
  if (passed >= kTogether) {
    high_ = counted_ >= kMany && passed < 2 * kTogether;
    began_ = now;
    counted_ = 0;
  }
  counted_ += records;
  return high_;
}

struct PublishPace::Waiting : std::enable_shared_from_this<Waiting> {
  using Done = std::function<void(bool)>;

  void Add(Done done, const boost::asio::any_io_executor& executor) {
    const std::lock_guard lock(mutex);
    waits.push_back(std::move(done));
    if (timer.has_value()) return;
    timer.emplace(executor, platform::ToSteady(ArrivalRate::kTogether));
    timer->async_wait([self = shared_from_this()](const auto&) { self->LetAllGo(); });
  }

  void LetAllGo() {
    std::vector<Done> ready;
    {
      const std::lock_guard lock(mutex);
      ready.swap(waits);
      timer.reset();
    }
    for (const Done& done : ready) done(true);
  }

  std::mutex mutex;
  std::vector<Done> waits;                         // Guarded by mutex, as the timer.
  std::optional<boost::asio::steady_timer> timer;  // There while somebody waits.
};

PublishPace::PublishPace() : waiting_(std::make_shared<Waiting>()) {}

bool PublishPace::MustWait(absl::Duration now, size_t records) {
  const std::lock_guard lock(mutex_);
  return rate_.IsHigh(now, records);
}

platform::Awaitable<bool> PublishPace::Turn() {
  return platform::AwaitCallback<bool>(
      [waiting = waiting_](std::function<void(bool)> done,
                           const boost::asio::any_io_executor& executor) {
        waiting->Add(std::move(done), executor);
      });
}

}  // namespace trama::channels
