#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/net/stream.h"
#include "services/platform/redis/redis_client.h"
#include "services/platform/redis/redis_protocol.h"

namespace trama::platform {

// One connection to a server: the stream, what is to be written, what has been read. Lives on the
// stream's strand.
struct RedisConnection {
  RedisConnection(Stream connected, size_t reply_bytes_max)
      : stream(std::move(connected)), reader(reply_bytes_max) {}

  Stream stream;
  RedisReplyReader reader;
  std::string out;       // Not yet given to the stream.
  bool writing = false;  // A coroutine is writing.
};

// Connects to `address`, starts TLS (`tls` null: plain), authenticates, selects the database and
// asks who is there. UNAVAILABLE for a replica: it would refuse to write. Runs on the strand that
// the connection shall have.
Awaitable<absl::StatusOr<std::shared_ptr<RedisConnection>>> OpenRedisConnection(
    RedisOptions options, ServerAddress address, std::shared_ptr<TlsContext> tls,
    RedisServerInfo* server);

// "a:b" lines of INFO.
RedisServerInfo ParseRedisInfo(std::string_view info);

}  // namespace trama::platform
