#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/platform/redis/redis_client.h"
#include "services/profile/component.h"
#include "services/profile/owner.h"
#include "services/profile/row_key.h"
#include "services/profile/row_set.h"
#include "services/profile/shard_calls.h"

namespace trama::profile {

// What a shard's marker holds while this connection's server is the one that was filled.
std::string MarkerOf(const platform::RedisClient& redis);

// The rows in Redis (redis_layout.h says how they lie). Nothing is read from or written to a shard
// that is not filled: UNAVAILABLE (reason RESTORING), and whoever fills it is told. Other errors
// are the client's. Thread-safe. Blocks.
class RowStore {
 public:
  explicit RowStore(platform::RedisClient& redis);

  // Called from any thread when a shard turns out not to be filled; must be quick. Set once, before
  // use.
  void OnEmpty(std::function<void()> on_empty) { on_empty_ = std::move(on_empty); }

  // In the order of the keys; none for a row that is not there.
  absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> Read(const std::vector<RowKey>& keys);

  // 0 for a row that is not there.
  absl::StatusOr<std::vector<int64_t>> Versions(const std::vector<RowKey>& keys);

  // What Put has done: by what name, and into which shards.
  struct Receipt {
    std::string name;
    std::vector<int> shards;
  };
  // Puts every row that is new and still has the version it was read with. None: somebody else has
  // changed one of them meanwhile; others may have been put.
  absl::StatusOr<std::optional<Receipt>> Put(const std::vector<RowSet::Change>& changes);
  // Is what was put the newest of its shards? False says nothing of single rows.
  absl::StatusOr<bool> IsNewest(const Receipt& receipt);

  absl::StatusOr<Owners> ReadOwners(const std::set<OwnedId>& ids);
  // An id that has an owner keeps it.
  absl::Status TellOwners(const Owners& owners);

  // In the order of the ids.
  absl::StatusOr<std::vector<std::vector<Neighbour>>> ReadNeighbours(
      const std::string& workspace, const std::vector<std::string>& customer_ids);

  struct Range {
    std::string conversation_id;  // Empty: all.
    std::string after;            // A position, exclusive; empty: from the end where one begins.
    bool oldest_first = false;
    size_t limit = 0;
  };
  // Positions of the entries on each timeline, in the order of the ids.
  absl::StatusOr<std::vector<std::vector<std::string>>> ReadPositions(
      const std::string& workspace, const std::vector<std::string>& customer_ids,
      const Range& range);

  platform::RedisClient& redis() { return redis_; }

  // For scripts that others run: the answer, or RESTORING.
  absl::StatusOr<platform::RedisReply> Checked(absl::StatusOr<platform::RedisReply> reply);

 private:
  // What a script says of each row, in the order in which `calls` was filled. With errors all calls
  // were made, too.
  absl::StatusOr<std::vector<platform::RedisReply>> Ask(const platform::RedisScript& script,
                                                        ShardCalls& calls);

  platform::RedisClient& redis_;
  std::function<void()> on_empty_;
  const std::string name_;  // Nobody else's.
  std::atomic<uint64_t> puts_ = 0;
};

// One call that erases a row, which only Restorer does.
struct EraseCall {
  const platform::RedisScript* script = nullptr;
  std::vector<std::string> keys;
  std::vector<std::string> args;
};
EraseCall MakeErase(const RowKey& key, const v1::ProfileRow& row);

}  // namespace trama::profile
