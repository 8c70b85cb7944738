#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/redis/redis_reply.h"

namespace trama::platform {

// The commands that were sent on one connection and not answered yet, in their order. Redis gives
// exactly one answer per command, so an answer belongs to the oldest, even when nobody waits for it
// any more. Not thread-safe; reads no clock.
class RedisPipeline {
 public:
  using Callback = std::function<void(absl::StatusOr<RedisReply>)>;
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Command {
    Callback callback;  // Null once its time was up.
    TimePoint sent_at;
    TimePoint deadline;
    size_t bytes = 0;  // For the bound on what is pending.
  };

  void Push(Command command);
  // The oldest, whose answer has come; there must be one.
  Command Pop();
  // Callbacks of the commands whose time is up at `now`; the commands stay, waiting for an answer
  // that will be thrown away.
  std::vector<Callback> Expire(TimePoint now);

  bool empty() const { return commands_.empty(); }
  size_t size() const { return commands_.size(); }
  TimePoint oldest_sent_at() const { return commands_.front().sent_at; }
  // Nobody's time is up before it; TimePoint::max() when nobody waits. It may be that of a command
  // whose answer has come: to forget each would cost more than to look once too often.
  TimePoint next_deadline() const { return next_deadline_; }

 private:
  std::deque<Command> commands_;
  TimePoint next_deadline_ = TimePoint::max();
};

}  // namespace trama::platform
