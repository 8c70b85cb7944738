#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/redis/redis_client.h"
#include "services/profile/redis_batch.h"
#include "services/profile/row_key.h"
#include "services/profile/row_set.h"

namespace trama::profile {

// A name for who puts rows, which nobody else has.
std::string NewPutName();

// Rows for a script of redis_scripts.h that takes those of one shard, in as few calls as their
// shards allow. Filled, sent once, asked for the answers.
class ShardCalls {
 public:
  // Rows of one call, so that none holds Redis up.
  static constexpr size_t kRowsMax = 64;

  // Of RowsScript. `marker` is the scripts' ARGV[1].
  static ShardCalls ToRead(std::string marker, const std::vector<RowKey>& keys);
  // Of PutRowsScript, to be filled with AddPut; `name` is who puts.
  static ShardCalls ToPut(std::string marker, std::string name) {
    return ShardCalls(std::move(marker), std::move(name));
  }
  void AddPut(const RowSet::Change& change);

  // One reply of the batch for each call, in their order.
  void Send(const platform::RedisScript& script, RedisBatch& batch);

  // What the replies of the calls say of each row, in the order in which they were added.
  absl::StatusOr<std::vector<platform::RedisReply>> Rows(
      std::vector<platform::RedisReply> replies) const;

  // Of all rows, each once.
  std::vector<int> Shards() const;

 private:
  // Rows that lie in one place, so that one command is enough for all of them.
  struct Group {
    RowKey first;
    std::string kind;  // Of rows to be put.
    std::string talk;  // The conversation of those of kind "talk".
    std::vector<std::string> keys;
    std::vector<std::string> args;
    std::vector<size_t> places;  // Of its rows among all.
  };
  struct Call {
    std::vector<std::string> keys;
    std::vector<std::string> args;
    std::vector<Group> groups;
    size_t rows = 0;
  };

  ShardCalls(std::string marker, std::string name)
      : marker_(std::move(marker)), name_(std::move(name)) {}
  void AddRead(const RowKey& key);
  // The call that takes the next row of a shard.
  Call& NextOf(int shard);
  // The group of the call that takes the next row; one without keys is new.
  Group& NextOf(Call& call, const RowKey& key, std::string_view kind, std::string_view talk);

  std::string marker_;
  std::string name_;
  std::vector<Call> calls_;
  std::map<int, size_t> open_;  // Shard → its newest call.
  size_t rows_ = 0;
};

}  // namespace trama::profile
