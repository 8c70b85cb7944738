#include "services/channels/whatsapp/upload_room.h"

#include <utility>

#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "services/platform/net/steady_time.h"

namespace trama::whatsapp {

namespace asio = boost::asio;

struct UploadRoom::Waiter {
  Waiter(const asio::any_io_executor& executor, size_t wanted) : timer(executor), bytes(wanted) {}

  asio::steady_timer timer;
  const size_t bytes;
  bool granted = false;  // Guarded by State::mutex.
};

void UploadRoom::State::GiveBack(size_t bytes) {
  const std::lock_guard lock(mutex);
  left += bytes;
  Grant();
}

void UploadRoom::State::Grant() {
  while (!waiting.empty() && waiting.front()->bytes <= left) {
    const std::shared_ptr<Waiter> next = std::move(waiting.front());
    waiting.pop_front();
    left -= next->bytes;
    next->granted = true;
    asio::post(next->timer.get_executor(), [next] { next->timer.cancel(); });
  }
}

platform::Awaitable<std::unique_ptr<UploadRoom::Share>> UploadRoom::Take(size_t bytes,
                                                                         absl::Duration limit) {
  const std::shared_ptr<State> state = state_;
  std::shared_ptr<Waiter> waiter;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  {
    const std::lock_guard lock(state->mutex);
    if (state->waiting.empty() && bytes <= state->left) {
      state->left -= bytes;
    } else {
      waiter = std::make_shared<Waiter>(executor, bytes);
      waiter->timer.expires_after(platform::ToSteady(limit));
      state->waiting.push_back(waiter);
    }
  }
  if (waiter != nullptr) {
    boost::system::error_code ignored;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const std::lock_guard lock(state->mutex);
    if (!waiter->granted) {
      std::erase(state->waiting, waiter);
      state->Grant();  // Those behind may want less.
      co_return nullptr;
    }
  }
  co_return std::make_unique<Share>(state, bytes);
}

}  // namespace trama::whatsapp
