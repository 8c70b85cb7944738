#include "services/platform/http/connection_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/this_coro.hpp"
#include "services/platform/net/steady_time.h"

namespace trama::platform {

namespace asio = boost::asio;
using SlotOr = absl::StatusOr<std::unique_ptr<ConnectionSlot>>;

ConnectionSlot::~ConnectionSlot() { pool_->Release(origin_, std::move(kept)); }

Awaitable<SlotOr> ConnectionPool::Acquire(std::string origin, absl::Duration reuse_idle_max,
                                          absl::Time until) {
  std::shared_ptr<Waiter> waiter;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  {
    const std::lock_guard lock(mutex_);
    Origin& entry = origins_[origin];
    if (entry.slots < limits_.per_origin_max) {
      ++entry.slots;
    } else if (entry.waiting.size() >= limits_.waiting_per_origin_max) {
      co_return absl::ResourceExhaustedError(absl::StrCat(
          "more than ", limits_.waiting_per_origin_max, " requests wait for ", origin));
    } else {
      waiter = std::make_shared<Waiter>(executor);
      waiter->timer.expires_after(ToSteady(until - absl::Now()));
      entry.waiting.push_back(waiter);
    }
  }
  if (waiter != nullptr) {
    boost::system::error_code ignored;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const std::lock_guard lock(mutex_);
    if (!waiter->granted) {
      auto& waiting = origins_[origin].waiting;
      waiting.erase(std::remove(waiting.begin(), waiting.end(), waiter), waiting.end());
      co_return absl::DeadlineExceededError(
          absl::StrCat("no connection to ", origin, " became free in time"));
    }
  }
  auto slot = std::make_unique<ConnectionSlot>(shared_from_this(), origin);
  const std::lock_guard lock(mutex_);
  Origin& entry = origins_[origin];
  slot->reused = TakeIdle(entry, reuse_idle_max);
  while (!entry.idle.empty() && entry.idle.size() + entry.slots > limits_.per_origin_max) {
    DropIdle(entry, entry.idle.begin());
  }
  co_return slot;
}

std::optional<Stream> ConnectionPool::TakeIdle(Origin& origin, absl::Duration idle_max) {
  const absl::Time now = absl::Now();
  const absl::Time oldest = now - limits_.idle_timeout;
  while (!origin.idle.empty()) {
    // The newest is the least likely to be closed by the server.
    const auto newest = std::prev(origin.idle.end());
    if (now - newest->since >= idle_max) return std::nullopt;  // Others may still use it.
    const bool usable = newest->since >= oldest && newest->stream.IsQuiet();
    std::optional<Stream> stream(std::move(newest->stream));
    DropIdle(origin, newest);
    if (usable) return stream;
  }
  return std::nullopt;
}

void ConnectionPool::DropIdle(Origin& origin, std::list<Idle>::iterator which) {
  origin.idle.erase(which);
  --idle_;
}

void ConnectionPool::Release(const std::string& origin, std::optional<Stream> kept) {
  const std::lock_guard lock(mutex_);
  Origin& entry = origins_[origin];
  if (kept.has_value()) Remember(entry, *std::move(kept));
  if (!entry.waiting.empty()) {
    // The slot goes to the first who waits, without becoming free in between.
    const std::shared_ptr<Waiter> next = std::move(entry.waiting.front());
    entry.waiting.pop_front();
    next->granted = true;
    asio::post(next->timer.get_executor(), [next] { next->timer.cancel(); });
    return;
  }
  --entry.slots;
  if (entry.slots == 0 && entry.idle.empty()) origins_.erase(origin);
}

// Called while its slot is still counted.
void ConnectionPool::Remember(Origin& origin, Stream stream) {
  while (!origin.idle.empty() && origin.idle.size() + origin.slots > limits_.per_origin_max) {
    DropIdle(origin, origin.idle.begin());
  }
  if (idle_ >= limits_.idle_max) DropExpired();
  if (idle_ >= limits_.idle_max) return;
  origin.idle.push_back({std::move(stream), absl::Now()});
  ++idle_;
}

void ConnectionPool::DropExpired() {
  const absl::Time oldest = absl::Now() - limits_.idle_timeout;
  for (auto& [name, origin] : origins_) {
    while (!origin.idle.empty() && origin.idle.front().since < oldest) {
      DropIdle(origin, origin.idle.begin());
    }
  }
  std::erase_if(origins_, [](const auto& entry) {
    const Origin& origin = entry.second;
    return origin.slots == 0 && origin.idle.empty() && origin.waiting.empty();
  });
}

}  // namespace trama::platform
