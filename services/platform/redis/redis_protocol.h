#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/redis/redis_reply.h"

struct redisReader;

namespace trama::platform {

// Appends a command in Redis' protocol (RESP2).
void AppendRedisCommand(const std::vector<std::string>& command, std::string& out);
void AppendRedisCommand(std::initializer_list<std::string_view> command, std::string& out);

// Turns bytes of a server into replies, with hiredis' reader. Any bytes are safe; after an error
// the reader is of no more use, as the connection is.
class RedisReplyReader {
 public:
  // One reply may take at most `reply_bytes_max` bytes.
  explicit RedisReplyReader(size_t reply_bytes_max);
  ~RedisReplyReader();
  RedisReplyReader(const RedisReplyReader&) = delete;
  RedisReplyReader& operator=(const RedisReplyReader&) = delete;

  // DATA_LOSS: not Redis' protocol.
  absl::Status Feed(std::string_view bytes);
  // The next whole reply, none if more bytes are needed. DATA_LOSS: not Redis' protocol;
  // RESOURCE_EXHAUSTED: a reply too large.
  absl::StatusOr<std::optional<RedisReply>> Next();

 private:
  const size_t reply_bytes_max_;
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  RedisReply whole_;             // That is being read.
  size_t unfinished_bytes_ = 0;  // Fed since the last whole reply.
};

}  // namespace trama::platform
