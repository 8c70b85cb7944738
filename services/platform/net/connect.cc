#include "services/platform/net/connect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/this_coro.hpp"
#include "services/kernel/strings.h"
#include "services/platform/net/lookups.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Endpoints = std::vector<tcp::endpoint>;

// A host with more addresses gets only its first ones tried.
constexpr size_t kAddressesMax = 16;
constexpr absl::Duration kAttemptMin = absl::Milliseconds(250);

absl::Status Unreachable(const ConnectTarget& target, std::string_view what,
                         const error_code& error) {
  const std::string text =
      absl::StrCat(ToAbsl(what), " ", target.host, ":", target.port, ": ", error.message());
  return error == asio::error::timed_out ? absl::DeadlineExceededError(text)
                                         : absl::UnavailableError(text);
}

Awaitable<absl::StatusOr<Endpoints>> Resolve(ConnectTarget target, absl::Duration limit) {
  error_code not_an_address;
  const asio::ip::address address = asio::ip::make_address(target.host, not_an_address);
  if (!not_an_address) co_return Endpoints{tcp::endpoint(address, target.port)};

  const LookupResult found = co_await Lookups::Find(target.host, limit);
  if (found.error == asio::error::timed_out) {
    co_return Unreachable(target, "no address yet for", found.error);
  }
  if (found.error) co_return Unreachable(target, "no address for", found.error);
  Endpoints endpoints;
  for (const asio::ip::address& each : found.addresses) {
    if (endpoints.size() < kAddressesMax) endpoints.emplace_back(each, target.port);
  }
  co_return endpoints;
}

absl::Status CheckPolicy(const ConnectTarget& target, const Endpoints& endpoints) {
  if (!target.policy) return absl::OkStatus();
  for (const tcp::endpoint& endpoint : endpoints) {
    absl::Status allowed = target.policy(target.host, endpoint.address());
    if (!allowed.ok()) return allowed;
  }
  return absl::OkStatus();
}

}  // namespace

Awaitable<absl::StatusOr<Stream>> Connect(ConnectTarget target, absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  absl::StatusOr<Endpoints> endpoints = co_await Resolve(target, limit);
  if (!endpoints.ok()) co_return endpoints.status();
  const absl::Status allowed = CheckPolicy(target, *endpoints);
  if (!allowed.ok()) co_return allowed;

  error_code error = asio::error::host_not_found;
  for (size_t i = 0; i < endpoints->size(); ++i) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) {
      error = asio::error::timed_out;
      break;
    }
    const int64_t attempts_left = static_cast<int64_t>(endpoints->size() - i);
    Stream stream{tcp::socket(executor)};
    stream.ExpiresAfter(std::min(left, std::max(kAttemptMin, left / attempts_left)));
    error = co_await stream.ConnectTcp((*endpoints)[i]);
    if (error) continue;
    if (target.tls == nullptr) {
      stream.ExpiresNever();
      co_return std::move(stream);
    }
    stream.ExpiresAfter(end - absl::Now());
    error = co_await stream.TlsConnect(target.tls, target.host);
    if (error) co_return Unreachable(target, "no TLS with", error);
    stream.ExpiresNever();
    co_return std::move(stream);
  }
  co_return Unreachable(target, "cannot connect to", error);
}

}  // namespace trama::platform
