#include "services/platform/redis/redis_connection.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/platform/net/connect.h"

namespace trama::platform {
namespace {

using Replies = std::vector<RedisReply>;

absl::Status Broken(const ServerAddress& address, const boost::system::error_code& error) {
  return absl::UnavailableError(
      absl::StrCat("connection to redis at ", address.ToString(), " broke: ", error.message()));
}

// What a fresh connection says first; the answer to INFO is the last.
std::vector<RedisCommand> Greeting(const RedisOptions& options) {
  std::vector<RedisCommand> commands;
  if (!options.username.empty()) {
    commands.push_back({"AUTH", options.username, options.password});
  } else if (!options.password.empty()) {
    commands.push_back({"AUTH", options.password});
  }
  if (options.database != 0) commands.push_back({"SELECT", absl::StrCat(options.database)});
  // Everything, because before Redis 7 it takes one section only.
  commands.push_back({"INFO"});
  return commands;
}

// Who is there, or why we may not stay.
absl::StatusOr<RedisServerInfo> Judge(const Replies& replies, const ServerAddress& address) {
  for (size_t i = 0; i + 1 < replies.size(); ++i) {
    if (replies[i].is_error()) return RedisErrorStatus(replies[i].text);
  }
  const RedisReply& info = replies.back();
  // A user may be forbidden to ask; without AUTH nothing at all is answered.
  if (info.is_error() && info.text.substr(0, 6) == "NOAUTH") return RedisErrorStatus(info.text);
  RedisServerInfo server = ParseRedisInfo(info.is_error() ? "" : std::string_view(info.text));
  server.address = address.ToString();
  if (!server.replica) return server;
  return absl::UnavailableError(
      absl::StrCat("redis at ", server.address, " is a replica, a primary is needed"));
}

Awaitable<absl::StatusOr<Replies>> Converse(const ServerAddress& address,
                                            RedisConnection& connection, size_t answers) {
  const IoResult sent = co_await connection.stream.Write(connection.out);
  connection.out.clear();
  if (sent.error) co_return Broken(address, sent.error);
  Replies replies;
  std::array<char, 4096> buffer;
  while (replies.size() < answers) {
    const IoResult read = co_await connection.stream.ReadSome(buffer.data(), buffer.size());
    if (read.error) co_return Broken(address, read.error);
    const absl::Status fed = connection.reader.Feed({buffer.data(), read.bytes});
    if (!fed.ok()) co_return fed;
    while (true) {
      absl::StatusOr<std::optional<RedisReply>> next = connection.reader.Next();
      if (!next.ok()) co_return next.status();
      if (!next->has_value()) break;
      if (replies.size() == answers) {
        co_return absl::DataLossError("redis: an answer to no command");
      }
      replies.push_back(**std::move(next));
    }
  }
  co_return replies;
}

}  // namespace

RedisServerInfo ParseRedisInfo(std::string_view info) {
  const auto value = [info](std::string_view name) -> std::string {
    size_t at = info.find(name);
    while (at != std::string_view::npos && at > 0 && info[at - 1] != '\n') {
      at = info.find(name, at + 1);
    }
    if (at == std::string_view::npos) return "";
    const std::string_view rest = info.substr(at + name.size());
    return std::string(rest.substr(0, rest.find_first_of("\r\n")));
  };
  RedisServerInfo server;
  server.run_id = value("run_id:");
  server.version = value("redis_version:");
  server.replica = value("role:") == "slave";
  return server;
}

Awaitable<absl::StatusOr<std::shared_ptr<RedisConnection>>> OpenRedisConnection(
    RedisOptions options, ServerAddress address, std::shared_ptr<TlsContext> tls,
    RedisServerInfo* server) {
  const absl::Time until = absl::Now() + options.connect_timeout;
  ConnectTarget target;
  target.host = address.host;
  target.port = address.port;
  target.tls = std::move(tls);
  absl::StatusOr<Stream> stream = co_await Connect(std::move(target), options.connect_timeout);
  if (!stream.ok()) co_return stream.status();
  auto connection = std::make_shared<RedisConnection>(*std::move(stream), options.reply_bytes_max);

  const std::vector<RedisCommand> commands = Greeting(options);
  for (const RedisCommand& command : commands) AppendRedisCommand(command, connection->out);
  connection->stream.ExpiresAfter(until - absl::Now());
  const absl::StatusOr<Replies> replies = co_await Converse(address, *connection, commands.size());
  if (!replies.ok()) co_return replies.status();
  connection->stream.ExpiresNever();
  absl::StatusOr<RedisServerInfo> found = Judge(*replies, address);
  if (!found.ok()) co_return found.status();
  *server = *std::move(found);
  co_return connection;
}

}  // namespace trama::platform
