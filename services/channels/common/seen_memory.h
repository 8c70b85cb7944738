#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/base/metrics.h"
#include "services/platform/net/awaitable.h"
#include "services/platform/redis/redis_client.h"

namespace trama::channels {

// Remembers in Redis which events of vendors were taken in. It saves work and never decides: an
// event is marked only after Kafka has acknowledged it, two at once may both pass, and without
// Redis everything passes. Readers drop repeats by id.
//
// Threads: safe from any. The client must outlive every call.
class SeenMemory {
 public:
  // The longest retry of a vendor (seven days) and one more.
  static constexpr absl::Duration kKept = absl::Hours(8 * 24);
  // Redis gets this long; then the event passes.
  static constexpr absl::Duration kWaitMax = absl::Milliseconds(200);

  using Told = std::function<void(const std::vector<bool>& all_seen)>;

  // `redis` may be null: nothing is remembered.
  SeenMemory(platform::RedisClient* redis, std::string channel, platform::Metrics& metrics);

  // Names events by workspace, account and the vendor's event ids, for the calls below:
  // "trama:{seen:<channel>:<workspace>/<account>:<hash of the id>}", the colons of the tag
  // percent-encoded. Each has a tag of its own, so that they spread over a Redis Cluster.
  std::vector<std::string> KeysOf(std::string_view workspace, std::string_view account,
                                  const std::vector<std::string>& event_ids) const;

  // Were all of them seen before? False for none, and when Redis does not answer.
  platform::Awaitable<bool> AllSeen(std::vector<std::string> keys);
  // Which of them were seen before, in their order; none when Redis does not answer.
  platform::Awaitable<std::vector<bool>> SeenEach(std::vector<std::string> keys);
  // AllSeen of each of many events, whose keys these are, by one command: mostly all are new.
  // `told` is given an answer for each, by the caller or on a thread of the client.
  void LookUp(std::vector<std::vector<std::string>> events, Told told);
  // Does not wait for Redis: whatever this process asks afterwards is answered after it.
  void Mark(const std::vector<std::string>& keys);

 private:
  // Counts what became of looking so many up.
  void Count(bool answered, bool seen, size_t keys = 1);
  // Asked one by one, as one of them at least was seen.
  void LookUpEach(const std::vector<std::vector<std::string>>& events, Told told);

  platform::RedisClient* const redis_;
  const std::string channel_;
  prometheus::Counter& new_;
  prometheus::Counter& seen_;
  prometheus::Counter& skipped_;
};

}  // namespace trama::channels
