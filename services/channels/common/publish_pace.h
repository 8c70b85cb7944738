#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "services/platform/net/awaitable.h"

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

// Lets records go to Kafka at once while few come, and together every kTogether while many do.
//
// Every request costs a broker the same, be there one record in it or fifty, and a record that has
// to wait for its own request behind hundreds of others waits longer than for a few milliseconds'
// worth of them. librdkafka's linger.ms would keep the only message of a quiet second waiting, too.
//
// Threads: safe from any. Who waits may outlive the object.
class PublishPace {
 public:
  PublishPace();

  // Shall these records wait for their turn? Asked once for each.
  bool MustWait(absl::Duration now, size_t records);
  // Until the next turn; the value means nothing.
  platform::Awaitable<bool> Turn();

 private:
  struct Waiting;

  std::mutex mutex_;
  ArrivalRate rate_;  // Guarded by mutex_.
  const std::shared_ptr<Waiting> waiting_;
};

}  // namespace trama::channels
