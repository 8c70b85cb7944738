#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/net/stream.h"

namespace trama::platform {

class ConnectionPool;

// The right to hold one connection to an origin; given back when destroyed.
class ConnectionSlot {
 public:
  ConnectionSlot(std::shared_ptr<ConnectionPool> pool, std::string origin)
      : pool_(std::move(pool)), origin_(std::move(origin)) {}
  ~ConnectionSlot();
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

  // An idle connection that was alive a moment ago, if there was one.
  std::optional<Stream> reused;
  // What the next one may reuse; set before the end if the connection can serve another request.
  std::optional<Stream> kept;

 private:
  std::shared_ptr<ConnectionPool> pool_;
  std::string origin_;
};

// Bounds the connections per origin and remembers idle ones. Thread-safe.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  struct Limits {
    size_t per_origin_max = 0;
    size_t waiting_per_origin_max = 0;
    size_t idle_max = 0;
    absl::Duration idle_timeout;
  };

  explicit ConnectionPool(Limits limits) : limits_(limits) {}

  // Waits for a free slot until `until`: DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED when too many wait
  // already. Reuses what was idle for less than `reuse_idle_max`. Must run on a strand.
  Awaitable<absl::StatusOr<std::unique_ptr<ConnectionSlot>>> Acquire(std::string origin,
                                                                     absl::Duration reuse_idle_max,
                                                                     absl::Time until);

 private:
  friend class ConnectionSlot;

  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;  // Used on the waiter's strand only.
    bool granted = false;
  };
  struct Idle {
    Stream stream;
    absl::Time since;
  };
  struct Origin {
    size_t slots = 0;      // Given out.
    std::list<Idle> idle;  // Oldest first.
    std::deque<std::shared_ptr<Waiter>> waiting;
  };

  void Release(const std::string& origin, std::optional<Stream> kept);

  // With the lock held:
  std::optional<Stream> TakeIdle(Origin& origin, absl::Duration idle_max);
  void DropIdle(Origin& origin, std::list<Idle>::iterator which);
  void Remember(Origin& origin, Stream stream);
  void DropExpired();

  const Limits limits_;
  std::mutex mutex_;
  std::map<std::string, Origin> origins_;  // Guarded by mutex_, as all below.
  size_t idle_ = 0;
};

}  // namespace trama::platform
