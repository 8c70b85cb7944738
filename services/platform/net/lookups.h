#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boost/asio/execution_context.hpp"
#include "boost/asio/ip/address.hpp"
#include "boost/asio/thread_pool.hpp"
#include "boost/system/error_code.hpp"
#include "services/platform/net/awaitable.h"

namespace trama::platform {

struct LookupResult {
  boost::system::error_code error;
  std::vector<boost::asio::ip::address> addresses;
};

// Finds the addresses of a host. May block for long.
using LookupFunction = std::function<LookupResult(const std::string& host)>;

// Asks the system, which asks DNS.
LookupResult LookUpInSystem(const std::string& host);

// Lookups of host names, of one io_context: a name whose servers do not answer holds up nobody
// else. Asio's own resolver has a single thread. A lookup cannot be stopped: it has its thread
// until it ends, also when nobody waits for it any more. Who asks for a name that is being looked
// up waits for the same answer, so that a dead name costs one thread.
//
// Threads: safe from any. Lifetime: made in its io_context when it is first used, and ended with
// it, which waits for the lookups under way; or made before that with another function:
//   boost::asio::make_service<Lookups>(io, lookup)
class Lookups final : public boost::asio::execution_context::service {
 public:
  static boost::asio::execution_context::id id;

  static constexpr size_t kThreadsMax = 8;
  // Names that are looked up or wait for a thread; more are refused with try_again.
  static constexpr size_t kNamesMax = 1000;

  // Looks `host` up with the Lookups of this coroutine's io_context. timed_out after `limit`.
  static Awaitable<LookupResult> Find(std::string host, absl::Duration limit);

  explicit Lookups(boost::asio::execution_context& context, LookupFunction lookup = LookUpInSystem);
  ~Lookups() override;

 private:
  struct Waiter;

  void shutdown() override;
  void Join(const std::string& host, const std::shared_ptr<Waiter>& waiter);
  void Leave(const std::string& host, const std::shared_ptr<Waiter>& waiter);
  void Run(const std::string& host);

  const LookupFunction lookup_;
  std::mutex mutex_;
  // Who waits for a name that is looked up; maybe nobody any more. Guarded by mutex_.
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting_;
  std::unique_ptr<boost::asio::thread_pool> threads_;
};

}  // namespace trama::platform
