#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/platform/net/steady_time.h"

namespace trama::channels {

// Does as much come that it is better to let some gather? Looks at the last kTogether only, so that
// it follows a burst at once. A value without threads or clock.
class ArrivalRate {
 public:
  // What comes within this time leaves together.
  static constexpr absl::Duration kTogether = absl::Milliseconds(2);
  // As many records in that time are many: more than one for each partition of the topic.
  static constexpr size_t kMany = 10;

  // `records` more come at `now`, which never goes back.
  bool IsHigh(absl::Duration now, size_t records);

 private:
  absl::Duration began_ = -absl::InfiniteDuration();
  size_t counted_ = 0;  // Since then.
  bool high_ = false;
};

// Lets what goes to Kafka leave at once while little comes, and together every kTogether while much
// does.
//
// Every request costs a broker the same, be there one record in it or fifty, and a record that has
// to wait for its own request behind hundreds of others waits longer than for a few milliseconds'
// worth of them. librdkafka's linger.ms would keep the only message of a quiet second waiting, too.
//
// Threads: safe from any. What waits leaves though the object is gone.
template <typename Item>
class PublishPace {
 public:
  // Is given what leaves together, in the order in which it came; by the caller of Add, or on its
  // executor.
  using Leave = std::function<void(std::vector<Item>)>;

  explicit PublishPace(Leave leave) : waiting_(std::make_shared<Waiting>(std::move(leave))) {}

  // `item` has so many records, and comes at `now`, which never goes back.
  void Add(absl::Duration now, size_t records, Item item,
           const boost::asio::any_io_executor& executor) {
    {
      const std::lock_guard lock(waiting_->mutex);
      if (waiting_->rate.IsHigh(now, records)) return waiting_->Add(std::move(item), executor);
    }
    std::vector<Item> alone;
    alone.push_back(std::move(item));
    waiting_->leave(std::move(alone));
  }

 private:
  struct Waiting : std::enable_shared_from_this<Waiting> {
    explicit Waiting(Leave leave_in) : leave(std::move(leave_in)) {}

    void Add(Item item, const boost::asio::any_io_executor& executor) {
      items.push_back(std::move(item));
      if (timer.has_value()) return;
      timer.emplace(executor, platform::ToSteady(ArrivalRate::kTogether));
      timer->async_wait([self = this->shared_from_this()](const auto&) { self->LetAllGo(); });
    }

    void LetAllGo() {
      std::vector<Item> ready;
      {
        const std::lock_guard lock(mutex);
        ready.swap(items);
        timer.reset();
      }
      leave(std::move(ready));
    }

    const Leave leave;
    std::mutex mutex;
    ArrivalRate rate;  // Guarded by mutex, as what follows.
    std::vector<Item> items;
    std::optional<boost::asio::steady_timer> timer;  // There while somebody waits.
  };

  const std::shared_ptr<Waiting> waiting_;
};

}  // namespace trama::channels
