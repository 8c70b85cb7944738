#include "services/platform/redis/redis_client.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/platform/net/steady_time.h"
#include "services/platform/redis/redis_client_core.h"
#include "services/platform/redis/redis_key.h"
#include "services/platform/redis/redis_protocol.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using ReplyOr = absl::StatusOr<RedisReply>;

// Beyond a command's own time: only stopped threads can keep a blocked caller waiting so long.
constexpr std::chrono::seconds kLostAfter(10);

bool IsOneOf(const RedisCommand& command, std::initializer_list<std::string_view> names) {
  const std::string& name = command.front();
  return std::any_of(names.begin(), names.end(), [&](std::string_view each) {
    return each.size() == name.size() && absl::EqualsIgnoreCase(ToAbsl(each), name);
  });
}

absl::Status Misplaced(const RedisCommand& command, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("redis command ", absl::AsciiStrToUpper(command.front()), " ", ToAbsl(why)));
}

// Commands that change how many answers come, or the connection for everybody who shares it.
absl::Status CheckCommand(const RedisCommand& command, bool in_batch) {
  if (command.empty()) {
    return absl::InvalidArgumentError("a redis command without a name, for example {\"PING\"}");
  }
  if (IsOneOf(command, {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE",
                        "SUNSUBSCRIBE", "MONITOR", "QUIT", "RESET", "HELLO", "SYNC", "PSYNC",
                        "AUTH", "SELECT", "CLIENT", "WATCH"})) {
    return Misplaced(command, "cannot be used on a shared connection");
  }
  if (!in_batch && IsOneOf(command, {"MULTI", "EXEC", "DISCARD"})) {
    return Misplaced(command, "must be part of a batch, use SendBatch");
  }
  return absl::OkStatus();
}

// A transaction that is left open would swallow the commands of everybody else.
absl::Status CheckBatch(const std::vector<RedisCommand>& commands) {
  bool open = false;
  for (const RedisCommand& command : commands) {
    absl::Status allowed = CheckCommand(command, /*in_batch=*/true);
    if (!allowed.ok()) return allowed;
    const bool begins = IsOneOf(command, {"MULTI"});
    const bool ends = IsOneOf(command, {"EXEC", "DISCARD"});
    if ((ends && !open) || (begins && open)) {
      return Misplaced(command, "in the wrong place, use MULTI, ..., EXEC");
    }
    open = (open || begins) && !ends;
  }
  if (open) return absl::InvalidArgumentError("a batch with MULTI but without EXEC, add it");
  return absl::OkStatus();
}

absl::Status CheckOptions(const RedisOptions& options) {
  const std::pair<const char*, absl::Duration> limits[] = {
      {"connect_timeout", options.connect_timeout}, {"command_timeout", options.command_timeout},
      {"silence_max", options.silence_max},         {"backoff_min", options.backoff_min},
      {"backoff_max", options.backoff_max},
  };
  for (const auto& [name, limit] : limits) {
    if (limit <= absl::ZeroDuration() || limit > absl::Hours(24)) {
      return absl::InvalidArgumentError(absl::StrCat("redis client: ", name, " is ",
                                                     absl::FormatDuration(limit),
                                                     ", must be more than 0s and at most 24h"));
    }
  }
  if (options.pending_max == 0 || options.pending_bytes_max == 0 || options.reply_bytes_max == 0) {
    return absl::InvalidArgumentError("redis client: every ..._max must be more than 0");
  }
  return absl::OkStatus();
}

bool IsNoScript(const absl::Status& status) {
  return absl::StartsWith(status.message(), "redis: NOSCRIPT");
}

// A vector of one, without the copy that an initializer list makes.
template <typename T>
std::vector<T> Only(T item) {
  std::vector<T> items;
  items.push_back(std::move(item));
  return items;
}

// Collects the results of a batch until the last has come.
struct Batch {
  std::vector<ReplyOr> results;
  size_t missing = 0;
  RedisBatchCallback callback;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RedisClient>> RedisClient::Create(asio::io_context& io,
                                                                 RedisOptions options) {
  const absl::Status usable = CheckOptions(options);
  if (!usable.ok()) return usable;
  std::shared_ptr<TlsContext> tls;
  if (options.tls.has_value()) {
    absl::StatusOr<std::shared_ptr<TlsContext>> made = MakeClientTls(*options.tls);
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  auto core = std::make_shared<Core>(io, std::move(options), std::move(tls));
  core->Open();
  return std::unique_ptr<RedisClient>(new RedisClient(std::move(core)));
}

RedisClient::RedisClient(std::shared_ptr<Core> core) : core_(std::move(core)) {}
RedisClient::~RedisClient() { core_->Stop(); }

absl::Status RedisClient::WaitConnected(absl::Duration limit) {
  return core_->WaitConnected(limit);
}
bool RedisClient::connected() const { return core_->connected(); }
RedisServerInfo RedisClient::server() const { return core_->server(); }
size_t RedisClient::pending() const { return core_->pending(); }

void RedisClient::OnConnected(std::function<void(const RedisServerInfo&)> callback) {
  core_->OnConnected(std::move(callback));
}

void RedisClient::Send(RedisCommand command, RedisCallback callback, absl::Duration timeout) {
  const absl::Status allowed = CheckCommand(command, /*in_batch=*/false);
  if (!allowed.ok()) return callback(allowed);
  std::string wire;
  AppendRedisCommand(command, wire);
  core_->Submit(std::move(wire), Only(std::move(callback)), timeout);
}

void RedisClient::SendBatch(std::vector<RedisCommand> commands, RedisBatchCallback callback,
                            absl::Duration timeout) {
  const absl::Status allowed = CheckBatch(commands);
  if (!allowed.ok()) return callback(std::vector<ReplyOr>(commands.size(), allowed));
  if (commands.empty()) return callback({});
  const auto batch = std::make_shared<Batch>();
  batch->missing = commands.size();
  batch->results.resize(commands.size());
  batch->callback = std::move(callback);
  std::vector<RedisCallback> callbacks;
  callbacks.reserve(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    // All are called one after another, on the strand or in the caller.
    callbacks.push_back([batch, i](ReplyOr result) {
      batch->results[i] = std::move(result);
      if (--batch->missing == 0) batch->callback(std::move(batch->results));
    });
  }
  core_->Submit(commands, std::move(callbacks), timeout);
}

void RedisClient::SendSoon(std::string wire, size_t commands, absl::Duration timeout) {
  if (commands == 0) return;
  std::vector<RedisCallback> ignored(commands, [](const ReplyOr&) {});
  core_->Submit(std::move(wire), std::move(ignored), timeout, Core::Leaves::kSoon);
}

void RedisClient::SendScript(const RedisScript& script, std::vector<std::string> keys,
                             std::vector<std::string> args, RedisCallback callback,
                             absl::Duration timeout) {
  const absl::Status tagged = CheckRedisKeys(keys);
  if (!tagged.ok()) return callback(tagged);
  RedisCommand run = {"EVALSHA", script.sha1(), absl::StrCat(keys.size())};
  for (auto* list : {&keys, &args}) {
    for (std::string& item : *list) run.push_back(std::move(item));
  }
  std::string wire;
  AppendRedisCommand(run, wire);
  if (core_->MustLoad(script)) {
    return LoadAndRun(*core_, script, wire, std::move(callback), timeout);
  }
  RedisCallback again = [core = core_, &script, wire, callback = std::move(callback),
                         timeout](ReplyOr result) {
    if (result.ok() || !IsNoScript(result.status())) return callback(std::move(result));
    LoadAndRun(*core, script, wire, callback, timeout);
  };
  core_->Submit(std::move(wire), Only(std::move(again)), timeout);
}

// Both go out together: no later command of the caller comes in between.
void RedisClient::LoadAndRun(Core& core, const RedisScript& script, const std::string& run_wire,
                             RedisCallback callback, absl::Duration timeout) {
  std::string wire;
  AppendRedisCommand({"SCRIPT", "LOAD", script.source()}, wire);
  std::vector<RedisCallback> callbacks = Only<RedisCallback>([](const ReplyOr&) {});
  callbacks.push_back(std::move(callback));
  core.Submit(absl::StrCat(wire, run_wire), std::move(callbacks), timeout);
}

namespace {

// Starts a call and blocks until its callback has come.
template <typename Result, typename Start>
Result WaitFor(absl::Duration limit, Result lost, Start start) {
  const auto answer = std::make_shared<std::promise<Result>>();
  std::future<Result> waiting = answer->get_future();
  start([answer](Result result) { answer->set_value(std::move(result)); });
  const auto patience = ToSteady(limit) * 2 + kLostAfter;  // A script runs twice.
  if (waiting.wait_for(patience) != std::future_status::ready) return lost;
  return waiting.get();
}

ReplyOr Lost() { return absl::InternalError("the threads of the redis client have stopped"); }

}  // namespace

ReplyOr RedisClient::CallBlocking(RedisCommand command, absl::Duration timeout) {
  TRAMA_CHECK(!core_->io().get_executor().running_in_this_thread());
  return WaitFor<ReplyOr>(core_->TimeoutOf(timeout), Lost(), [&](RedisCallback done) {
    Send(std::move(command), std::move(done), timeout);
  });
}

std::vector<ReplyOr> RedisClient::CallBatchBlocking(std::vector<RedisCommand> commands,
                                                    absl::Duration timeout) {
  TRAMA_CHECK(!core_->io().get_executor().running_in_this_thread());
  const std::vector<ReplyOr> lost(commands.size(), Lost());
  return WaitFor<std::vector<ReplyOr>>(
      core_->TimeoutOf(timeout), lost,
      [&](RedisBatchCallback done) { SendBatch(std::move(commands), std::move(done), timeout); });
}

ReplyOr RedisClient::CallScriptBlocking(const RedisScript& script, std::vector<std::string> keys,
                                        std::vector<std::string> args, absl::Duration timeout) {
  TRAMA_CHECK(!core_->io().get_executor().running_in_this_thread());
  return WaitFor<ReplyOr>(core_->TimeoutOf(timeout), Lost(), [&](RedisCallback done) {
    SendScript(script, std::move(keys), std::move(args), std::move(done), timeout);
  });
}

Awaitable<ReplyOr> RedisClient::Call(RedisCommand command, absl::Duration timeout) {
  return AwaitCallback<ReplyOr>(
      [this, command = std::move(command), timeout](RedisCallback done) mutable {
        Send(std::move(command), std::move(done), timeout);
      });
}

Awaitable<std::vector<ReplyOr>> RedisClient::CallBatch(std::vector<RedisCommand> commands,
                                                       absl::Duration timeout) {
  return AwaitCallback<std::vector<ReplyOr>>(
      [this, commands = std::move(commands), timeout](RedisBatchCallback done) mutable {
        SendBatch(std::move(commands), std::move(done), timeout);
      });
}

Awaitable<ReplyOr> RedisClient::CallScript(const RedisScript& script, std::vector<std::string> keys,
                                           std::vector<std::string> args, absl::Duration timeout) {
  return AwaitCallback<ReplyOr>([this, &script, keys = std::move(keys), args = std::move(args),
                                 timeout](RedisCallback done) mutable {
    SendScript(script, std::move(keys), std::move(args), std::move(done), timeout);
  });
}

}  // namespace trama::platform
