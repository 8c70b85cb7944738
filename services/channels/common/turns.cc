#include "services/channels/common/turns.h"

#include <utility>

#include "services/platform/net/steady_time.h"

namespace trama::channels {

bool ArrivalRate::IsHigh(absl::Duration now) {
  const absl::Duration passed = now - began_;
  if (passed >= kWindow) {
    high_ = counted_ >= kMany && passed < 2 * kWindow;
    began_ = now;
    counted_ = 0;
  }
  ++counted_;
  return high_;
}

bool Turns::MustWait(absl::Duration now) {
  const std::lock_guard lock(waiting_->mutex);
  return waiting_->rate.IsHigh(now);
}

platform::Awaitable<std::monostate> Turns::Wait() {
  return platform::AwaitCallback<std::monostate>(
      [waiting = waiting_](Go go, const boost::asio::any_io_executor& executor) {
        waiting->Add(std::move(go), executor);
      });
}

void Turns::Waiting::Add(Go go, const boost::asio::any_io_executor& executor) {
  const std::lock_guard lock(mutex);
  all.push_back(std::move(go));
  if (!timer.has_value()) {
    timer.emplace(executor, platform::ToSteady(kWaitMax));
    timer->async_wait([self = shared_from_this()](const auto&) { self->LetAllGo(); });
  } else if (all.size() == kEnough) {
    timer->cancel();
  }
}

void Turns::Waiting::LetAllGo() {
  std::vector<Go> ready;
  {
    const std::lock_guard lock(mutex);
    ready.swap(all);
    timer.reset();
  }
  for (const Go& go : ready) go({});
}

}  // namespace trama::channels
