#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/base/circuit_breaker.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/server_address.h"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/tls.h"
#include "services/platform/redis/redis_reply.h"
#include "services/platform/redis/redis_script.h"

namespace trama::platform {

struct RedisOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  // Where else the primary may be after a fail-over. All addresses are tried in turn until one is a
  // primary: replicas are asked for their role and left again.
  std::vector<ServerAddress> others;
  std::string username;  // Empty with a password: the default user.
  std::string password;
  int database = 0;
  std::optional<TlsClientOptions> tls;

  absl::Duration connect_timeout = absl::Seconds(3);  // Name, TCP, TLS, AUTH and SELECT together.
  absl::Duration command_timeout = absl::Seconds(2);  // From the call to the answer.
  // Without a byte from the server for this long while commands wait, the connection is made anew.
  absl::Duration silence_max = absl::Seconds(6);
  absl::Duration backoff_min = absl::Milliseconds(50);  // Between rounds; doubles, with jitter.
  absl::Duration backoff_max = absl::Seconds(2);
  // So many times in a row nobody got an answer in time: calls are refused for a while.
  CircuitBreaker::Options circuit;

  size_t pending_max = 16384;                   // Commands without an answer; beyond:
  size_t pending_bytes_max = 64 * 1024 * 1024;  // RESOURCE_EXHAUSTED.
  size_t reply_bytes_max = 64 * 1024 * 1024;    // One answer; beyond, the connection is closed.

  Metrics* metrics = nullptr;  // Of redis_metrics.h; must outlive the client. Null: none.
};

// "host:port", or several with commas: primary and replicas, in any order. Or
// redis://user:password@host:port,host:port/database; rediss:// for TLS, with the system's
// authorities unless others are set. INVALID_ARGUMENT says what is wrong without repeating the
// password.
absl::StatusOr<RedisOptions> ParseRedisAddress(std::string_view text);

using RedisCommand = std::vector<std::string>;  // {"SET", "trama:{demo}:x", "1"}
using RedisCallback = std::function<void(absl::StatusOr<RedisReply>)>;
using RedisBatchCallback = std::function<void(std::vector<absl::StatusOr<RedisReply>>)>;

// The server behind a fresh connection.
struct RedisServerInfo {
  // Changes when the server restarts and when another one has taken over its address (fail-over):
  // what was only in its memory may be gone. FLUSHALL does not change it; whoever must notice that
  // keeps a marker key beside the data and reads it in the same script. Empty if the user may not
  // call INFO.
  std::string run_id;
  std::string version;
  std::string address;     // host:port
  bool replica = false;    // Such a server is not stayed with.
  int64_t connection = 0;  // 1, 2, ...: counts the connections of this client.
};

// One connection to the primary of a Redis, shared by everybody: commands of all threads go out in
// the order of the calls, pipelined, and answers come back in that order. Reconnects by itself, to
// another of its addresses where the primary has moved.
//
// Errors of every call: UNAVAILABLE while there is no connection or the circuit is open (see
// base/circuit_breaker.h), at once and without waiting, and when the connection broke before the
// answer (the command may have run: repeat only what is idempotent); DEADLINE_EXCEEDED after the
// command's time (may have run, too); RESOURCE_EXHAUSTED when too much is pending (did not run);
// INVALID_ARGUMENT for commands that would break the order of answers (SUBSCRIBE, MONITOR, ...);
// else the error that Redis gave, see RedisErrorStatus().
//
// Commands that wait inside Redis (BLPOP, XREAD BLOCK) would hold up everybody: use a client of
// their own for them.
//
// Threads: all methods are safe from any. Lifetime: `io` must outlive the client and be run by at
// least one thread; the destructor ends what is pending with CANCELLED, on the threads of `io`.
class RedisClient {
 public:
  // Starts to connect. INVALID_ARGUMENT: options that cannot work.
  static absl::StatusOr<std::unique_ptr<RedisClient>> Create(boost::asio::io_context& io,
                                                             RedisOptions options);
  ~RedisClient();

  // Waits for the first (or next) connection. DEADLINE_EXCEEDED says why there is none. Blocks: not
  // from a thread of `io`.
  absl::Status WaitConnected(absl::Duration limit);
  bool connected() const;
  // Of the present or last connection; run_id empty before the first.
  RedisServerInfo server() const;
  // Called after each new connection, before any command is sent on it, on a thread of `io`. It
  // must not block. Replaces an earlier one; called at once if connected.
  void OnConnected(std::function<void(const RedisServerInfo&)> callback);

  // `timeout` zero: options.command_timeout. Callbacks run on a thread of `io` (RESOURCE_EXHAUSTED
  // and INVALID_ARGUMENT: in the caller, before Send returns) and must not block.
  void Send(RedisCommand command, RedisCallback callback, absl::Duration timeout = {});
  Awaitable<absl::StatusOr<RedisReply>> Call(RedisCommand command, absl::Duration timeout = {});
  // Not from a thread of `io`: that would wait for itself.
  absl::StatusOr<RedisReply> CallBlocking(RedisCommand command, absl::Duration timeout = {});

  // Sends the commands one after another with none of others in between, as MULTI ... EXEC needs
  // it. One result per command, in order; an error of one does not stop the next.
  void SendBatch(std::vector<RedisCommand> commands, RedisBatchCallback callback,
                 absl::Duration timeout = {});
  Awaitable<std::vector<absl::StatusOr<RedisReply>>> CallBatch(std::vector<RedisCommand> commands,
                                                               absl::Duration timeout = {});
  std::vector<absl::StatusOr<RedisReply>> CallBatchBlocking(std::vector<RedisCommand> commands,
                                                            absl::Duration timeout = {});

  // For what nobody waits for: `wire` holds so many commands (AppendRedisCommand), which leave with
  // the next ones of anybody, or by themselves after 20 ms, and are carried out before whatever is
  // sent later. Their answers are ignored.
  void SendSoon(std::string wire, size_t commands, absl::Duration timeout = {});

  // EVALSHA; loads the script and runs it once more if Redis does not know it. `keys` must carry
  // one common hash tag (see redis_key.h), else INVALID_ARGUMENT. The script must outlive the
  // answer.
  void SendScript(const RedisScript& script, std::vector<std::string> keys,
                  std::vector<std::string> args, RedisCallback callback,
                  absl::Duration timeout = {});
  Awaitable<absl::StatusOr<RedisReply>> CallScript(const RedisScript& script,
                                                   std::vector<std::string> keys,
                                                   std::vector<std::string> args,
                                                   absl::Duration timeout = {});
  absl::StatusOr<RedisReply> CallScriptBlocking(const RedisScript& script,
                                                std::vector<std::string> keys,
                                                std::vector<std::string> args,
                                                absl::Duration timeout = {});

  size_t pending() const;  // Commands without an answer, for metrics.

 private:
  class Core;

  explicit RedisClient(std::shared_ptr<Core> core);

  static void LoadAndRun(Core& core, const RedisScript& script, const std::string& run_wire,
                         RedisCallback callback, absl::Duration timeout);

  std::shared_ptr<Core> core_;
};

}  // namespace trama::platform
