#include "services/platform/net/lookups.h"

#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "services/platform/net/steady_time.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

asio::execution_context::id Lookups::id;

// Shared by the coroutine that waits and the lookup. Used on the coroutine's executor only, but for
// what Wake does.
struct Lookups::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}

  static void Wake(const std::shared_ptr<Waiter>& waiter, LookupResult result) {
    asio::post(waiter->timer.get_executor(), [waiter, result = std::move(result)]() mutable {
      waiter->done = true;
      waiter->result = std::move(result);
      waiter->timer.cancel();
    });
  }

  asio::steady_timer timer;
  bool done = false;
  LookupResult result;
};

LookupResult LookUpInSystem(const std::string& host) {
  LookupResult result;
  asio::io_context unused;  // Only the blocking call is made, which needs no thread of it.
  tcp::resolver resolver(unused);
  for (const auto& entry :
       resolver.resolve(host, "", tcp::resolver::numeric_service, result.error)) {
    result.addresses.push_back(entry.endpoint().address());
  }
  return result;
}

Lookups::Lookups(asio::execution_context& context, LookupFunction lookup)
    : service(context),
      lookup_(std::move(lookup)),
      threads_(std::make_unique<asio::thread_pool>(kThreadsMax)) {}

Lookups::~Lookups() = default;

// Everything that holds a timer goes here: when services are destroyed it would be too late.
void Lookups::shutdown() {
  threads_->stop();
  threads_->join();
  threads_.reset();
  waiting_.clear();
}

Awaitable<LookupResult> Lookups::Find(std::string host, absl::Duration limit) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& lookups = asio::use_service<Lookups>(
      asio::query(executor, asio::execution::context_as<asio::execution_context&>));
  const auto waiter = std::make_shared<Waiter>(executor);
  waiter->timer.expires_after(ToSteady(limit));
  lookups.Join(host, waiter);
  error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (waiter->done) co_return std::move(waiter->result);
  lookups.Leave(host, waiter);
  co_return LookupResult{.error = asio::error::timed_out};
}

void Lookups::Join(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(host);
  if (found != waiting_.end()) {
    found->second.push_back(waiter);
  } else if (waiting_.size() >= kNamesMax) {
    Waiter::Wake(waiter, {.error = asio::error::try_again});
  } else {
    waiting_[host].push_back(waiter);
    asio::post(*threads_, [this, host] { Run(host); });
  }
}

void Lookups::Leave(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  if (const auto found = waiting_.find(host); found != waiting_.end()) {
    std::erase(found->second, waiter);
  }
}

void Lookups::Run(const std::string& host) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(host);
    if (found->second.empty()) {  // All have gone before it was its turn.
      waiting_.erase(found);
      return;
    }
  }
  const LookupResult result = lookup_(host);
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Waiter>& waiter : waiting_[host]) Waiter::Wake(waiter, result);
  waiting_.erase(host);
}

}  // namespace trama::platform
