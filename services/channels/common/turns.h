#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/platform/net/awaitable.h"

namespace trama::channels {

// Do so many come that it is better to let some gather? Looks at the last kWindow only, so that it
// follows a burst at once. A value without threads or clock.
class ArrivalRate {
 public:
  static constexpr absl::Duration kWindow = absl::Milliseconds(2);
  // As many in that time are many: more than one for each partition of the topic.
  static constexpr size_t kMany = 10;

  // One more comes at `now`, which never goes back.
  bool IsHigh(absl::Duration now);

 private:
  absl::Duration began_ = -absl::InfiniteDuration();
  size_t counted_ = 0;  // Since then.
  bool high_ = false;
};

// Lets requests go on at once while few come, and kEnough together while many do, from the door on,
// after kWaitMax at the latest. Together each costs less: they pass the same code right after one
// another, Redis is asked once for all of them, and a request costs the broker the same, be there
// one record in it or fifty. (librdkafka's linger.ms gathers for the broker only, and would keep
// the only message of a quiet second waiting, too.)
//
// Threads: safe from any. Who waits goes on though the object is gone.
class Turns {
 public:
  static constexpr absl::Duration kWaitMax = absl::Milliseconds(4);
  // Some records for each partition; 96 instead of 64 made none of them cheaper.
  static constexpr size_t kEnough = 64;

  Turns() : waiting_(std::make_shared<Waiting>()) {}

  // A request comes at `now`, which never goes back. True: Wait before anything is done for it.
  bool MustWait(absl::Duration now);
  platform::Awaitable<std::monostate> Wait();

 private:
  using Go = std::function<void(std::monostate)>;

  struct Waiting : std::enable_shared_from_this<Waiting> {
    void Add(Go go, const boost::asio::any_io_executor& executor);
    void LetAllGo();

    std::mutex mutex;
    ArrivalRate rate;  // Guarded by mutex, as what follows.
    std::vector<Go> all;
    std::optional<boost::asio::steady_timer> timer;  // There while somebody waits.
  };

  const std::shared_ptr<Waiting> waiting_;
};

}  // namespace trama::channels
