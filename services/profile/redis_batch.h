#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/redis/redis_client.h"

namespace trama::profile {

// Many commands sent one behind the other without waiting for each answer. At most so much is under
// way that others still get through. Blocks; not from a thread of the client's io_context. Not
// thread-safe.
class RedisBatch {
 public:
  static constexpr size_t kUnderWayMax = 2000;
  static constexpr size_t kUnderWayBytesMax = 8 << 20;

  // `timeout` of one command, from its call to its answer.
  explicit RedisBatch(platform::RedisClient& redis, absl::Duration timeout = absl::Seconds(5));

  void AddScript(const platform::RedisScript& script, std::vector<std::string> keys,
                 std::vector<std::string> args);
  void AddCommand(platform::RedisCommand command);

  // Waits for all answers; they are in the order of the calls.
  std::vector<absl::StatusOr<platform::RedisReply>> Finish();

 private:
  struct State;
  platform::RedisCallback Begin(size_t bytes);

  platform::RedisClient& redis_;
  const absl::Duration timeout_;
  // Shared with the callbacks, which may outlive a batch that is dropped.
  std::shared_ptr<State> state_;
};

}  // namespace trama::profile
