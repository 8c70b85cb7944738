#include "services/platform/redis/redis_client_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/platform/net/serial_executor.h"
#include "services/platform/net/steady_time.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;
using ReplyOr = absl::StatusOr<RedisReply>;

constexpr size_t kReadBytes = 64 * 1024;
constexpr std::chrono::milliseconds kSoonMax(20);

// An error answer becomes the status of the call.
ReplyOr Judge(RedisReply reply) {
  if (reply.is_error()) return RedisErrorStatus(reply.text);
  return reply;
}

std::vector<ServerAddress> ServersOf(const RedisOptions& options) {
  std::vector<ServerAddress> servers = {{options.host, options.port}};
  servers.insert(servers.end(), options.others.begin(), options.others.end());
  return servers;
}

// For the circuit: wall clocks jump, and it would stay open.
absl::Time ToTime(SteadyClock::time_point steady) {
  return absl::UnixEpoch() + absl::FromChrono(steady.time_since_epoch());
}

absl::Status BeingDestroyed() {
  return absl::CancelledError("the redis client is being destroyed");
}

}  // namespace

RedisClient::Core::Core(asio::io_context& io, RedisOptions options, std::shared_ptr<TlsContext> tls)
    : io_(io),
      options_(std::move(options)),
      tls_(std::move(tls)),
      servers_(ServersOf(options_)),
      metrics_(options_.metrics == nullptr ? nullptr
                                           : std::make_unique<RedisMetrics>(*options_.metrics)),
      circuit_(options_.circuit),
      strand_(SerialExecutor(io)),
      timer_(strand_),
      soon_(strand_),
      retry_(strand_),
      random_(std::random_device{}()) {}

absl::Duration RedisClient::Core::TimeoutOf(absl::Duration wanted) const {
  return wanted > absl::ZeroDuration() ? wanted : options_.command_timeout;
}

void RedisClient::Core::Open() { asio::co_spawn(strand_, Run(shared_from_this()), asio::detached); }

void RedisClient::Core::Stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->stopping_ = true;
    self->retry_.cancel();
    self->soon_.cancel();
    if (self->connection_ != nullptr) self->connection_->stream.Close();
  });
}

void RedisClient::Core::Submit(const std::vector<RedisCommand>& commands,
                               std::vector<RedisCallback> callbacks, absl::Duration timeout) {
  std::string wire;
  for (const RedisCommand& command : commands) AppendRedisCommand(command, wire);
  Submit(std::move(wire), std::move(callbacks), timeout);
}

void RedisClient::Core::Submit(std::string wire, std::vector<RedisCallback> callbacks,
                               absl::Duration timeout, Leaves leaves) {
  Submission submission;
  submission.wire = std::move(wire);
  submission.callbacks = std::move(callbacks);
  const TimePoint now = SteadyClock::now();
  submission.deadline = now + ToSteady(TimeoutOf(timeout));
  bool wake = false;
  const absl::Status taken = Take(submission, now, leaves, wake);
  if (!taken.ok()) {
    for (const RedisCallback& callback : submission.callbacks) callback(taken);
    return;
  }
  if (!wake) return;
  asio::post(strand_, [self = shared_from_this(), leaves] {
    leaves == Leaves::kNow ? self->TakeInbox() : self->TakeInboxSoon();
  });
}

absl::Status RedisClient::Core::Take(Submission& submission, TimePoint now, Leaves leaves,
                                     bool& wake) {
  const size_t count = submission.callbacks.size();
  const size_t bytes = submission.wire.size();
  if (!Reserve(count, bytes)) {
    if (metrics_) metrics_->refused.With({"full"}).Increment();
    return absl::ResourceExhaustedError(
        absl::StrCat("redis client: too much is pending (at most ", options_.pending_max,
                     " commands and ", options_.pending_bytes_max, " bytes), try again later"));
  }
  const std::lock_guard lock(mutex_);
  if (circuit_.Allow(ToTime(now))) {
    wake = !std::exchange(leaves == Leaves::kNow ? called_ : soon_armed_, true);
    inbox_.push_back(std::move(submission));
    return absl::OkStatus();
  }
  pending_ -= count;
  pending_bytes_ -= bytes;
  if (metrics_) metrics_->refused.With({"circuit"}).Increment();
  return absl::UnavailableError(absl::StrCat("redis at ", server_.address,
                                             " did not answer in time again and again, it is "
                                             "asked again a little later"));
}

bool RedisClient::Core::MustLoad(const RedisScript& script) {
  const std::lock_guard lock(mutex_);
  return loaded_.insert(script.sha1()).second;
}

absl::Status RedisClient::Core::WaitConnected(absl::Duration limit) {
  TRAMA_CHECK(!io_.get_executor().running_in_this_thread());
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, ToSteady(limit), [this] { return connected_; })) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(
      absl::StrCat("no connection to redis at ", Servers(), " yet: ", failure_.message()));
}

std::string RedisClient::Core::Servers() const {
  return absl::StrJoin(servers_, ",", [](std::string* out, const ServerAddress& server) {
    out->append(server.ToString());
  });
}

bool RedisClient::Core::connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

RedisServerInfo RedisClient::Core::server() const {
  const std::lock_guard lock(mutex_);
  return server_;
}

void RedisClient::Core::OnConnected(std::function<void(const RedisServerInfo&)> callback) {
  asio::post(strand_, [self = shared_from_this(), callback = std::move(callback)]() mutable {
    self->on_connected_ = std::move(callback);
    if (self->connection_ != nullptr) self->on_connected_(self->server());
  });
}

bool RedisClient::Core::Reserve(size_t count, size_t bytes) {
  const bool few = pending_.fetch_add(count) + count <= options_.pending_max;
  const bool small = pending_bytes_.fetch_add(bytes) + bytes <= options_.pending_bytes_max;
  if (few && small) return true;
  pending_ -= count;
  pending_bytes_ -= bytes;
  return false;
}

Awaitable<void> RedisClient::Core::Run(std::shared_ptr<Core> self) {
  absl::Duration backoff = self->options_.backoff_min;
  while (!self->stopping_) {
    RedisServerInfo server;
    absl::StatusOr<std::shared_ptr<RedisConnection>> opened = co_await self->OpenAny(&server);
    absl::Status end = opened.status();
    if (opened.ok() && !self->stopping_) {
      backoff = self->options_.backoff_min;
      self->NoteConnected(*opened, std::move(server));
      end = co_await self->ReadReplies(*opened);
      (*opened)->stream.Close();
    }
    self->NoteDisconnected(end);
    if (self->stopping_) break;
    // At least half of it, so that many clients neither hurry nor come together.
    std::uniform_real_distribution<double> share(0.5, 1.0);
    self->retry_.expires_after(ToSteady(backoff * share(self->random_)));
    boost::system::error_code ignored;
    co_await self->retry_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    backoff = std::min(backoff * 2, self->options_.backoff_max);
  }
}

Awaitable<absl::StatusOr<std::shared_ptr<RedisConnection>>> RedisClient::Core::OpenAny(
    RedisServerInfo* server) {
  absl::Status failed;
  for (size_t tried = 0; tried < servers_.size() && !stopping_; ++tried) {
    // A server that we had to leave is the last to be tried again.
    const ServerAddress address = servers_[next_];
    next_ = (next_ + 1) % servers_.size();
    absl::StatusOr<std::shared_ptr<RedisConnection>> opened =
        co_await OpenRedisConnection(options_, address, tls_, server);
    if (opened.ok()) co_return opened;
    // Of several failures the one that a person has to mend says most.
    if (failed.ok() || !absl::IsUnavailable(opened.status())) failed = opened.status();
  }
  co_return failed.ok() ? BeingDestroyed() : failed;
}

void RedisClient::Core::NoteConnected(const std::shared_ptr<RedisConnection>& connection,
                                      RedisServerInfo server) {
  last_byte_at_ = SteadyClock::now();
  connection_ = connection;
  server.connection = ++connections_;
  {
    const std::lock_guard lock(mutex_);
    server_ = server;
    loaded_.clear();
    circuit_.Succeed();
  }
  in_trouble_ = false;
  ShowCircuit();
  if (metrics_) {
    metrics_->connections->Increment();
    metrics_->connected->Set(1);
  }
  if (on_connected_) on_connected_(server);
  const std::lock_guard lock(mutex_);
  connected_ = true;
  changed_.notify_all();
}

void RedisClient::Core::NoteDisconnected(const absl::Status& why) {
  connection_ = nullptr;
  in_trouble_ = false;
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
    failure_ = why;
    // Without a connection calls fail at once anyway, and the next one has proved itself.
    circuit_.Succeed();
  }
  ShowCircuit();
  if (metrics_) metrics_->connected->Set(0);
  const absl::Status lost = stopping_
                                ? BeingDestroyed()
                                : absl::UnavailableError(absl::StrCat(
                                      "no answer, the command may have run: ", why.message()));
  while (!pipeline_.empty()) Finish(pipeline_.Pop(), lost);
}

void RedisClient::Core::TakeInbox() {
  {
    const std::lock_guard lock(mutex_);
    called_ = false;
    taken_.swap(inbox_);
  }
  if (taken_.empty()) return;
  const TimePoint now = SteadyClock::now();
  for (Submission& submission : taken_) {
    size_t bytes = submission.wire.size();  // All of them go with the first command.
    for (RedisCallback& callback : submission.callbacks) {
      RedisPipeline::Command command{.callback = std::move(callback),
                                     .sent_at = now,
                                     .deadline = submission.deadline,
                                     .bytes = std::exchange(bytes, 0)};
      if (connection_ != nullptr) {
        pipeline_.Push(std::move(command));
      } else {
        if (metrics_) metrics_->refused.With({"disconnected"}).Increment();
        Finish(std::move(command), NotConnected());
      }
    }
    if (connection_ != nullptr) connection_->out += submission.wire;
  }
  taken_.clear();
  if (connection_ == nullptr) return;
  WriteOut();
  ArmTimer();
}

void RedisClient::Core::WriteOut() {
  if (connection_->writing) return;
  connection_->out.erase(0, connection_->stream.WriteNow(connection_->out));
  if (connection_->out.empty()) return;
  connection_->writing = true;
  asio::co_spawn(strand_, WriteRest(shared_from_this(), connection_), asio::detached);
}

void RedisClient::Core::TakeInboxSoon() {
  soon_.expires_after(kSoonMax);
  soon_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
    {
      const std::lock_guard lock(self->mutex_);
      self->soon_armed_ = false;
    }
    self->TakeInbox();
  });
}

absl::Status RedisClient::Core::NotConnected() {
  if (stopping_) return BeingDestroyed();
  const std::lock_guard lock(mutex_);
  return absl::UnavailableError(
      absl::StrCat("not connected to redis at ", Servers(), ": ", failure_.message()));
}

Awaitable<void> RedisClient::Core::WriteRest([[maybe_unused]] std::shared_ptr<Core> self,
                                             std::shared_ptr<RedisConnection> connection) {
  std::string chunk;
  while (!connection->out.empty() && connection->stream.is_open()) {
    chunk.clear();
    chunk.swap(connection->out);
    const IoResult sent = co_await connection->stream.Write(chunk);
    // The reader notices the end and says why.
    if (sent.error) connection->stream.Close();
  }
  connection->writing = false;
}

Awaitable<absl::Status> RedisClient::Core::ReadReplies(
    std::shared_ptr<RedisConnection> connection) {
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const IoResult read = co_await connection->stream.ReadSome(buffer.data(), buffer.size());
    if (read.error) co_return Broke(read.error);
    last_byte_at_ = SteadyClock::now();
    const absl::Status fed = connection->reader.Feed({buffer.data(), read.bytes});
    if (!fed.ok()) co_return fed;
    const absl::Status delivered = Deliver(*connection);
    if (!delivered.ok()) co_return delivered;
  }
}

// Why the connection, whose reading ended with `error`, is gone.
absl::Status RedisClient::Core::Broke(const boost::system::error_code& error) {
  const bool silent = std::exchange(was_silent_, false);
  const std::string what =
      silent ? absl::StrCat("said nothing for ", absl::FormatDuration(options_.silence_max))
             : absl::StrCat("broke the connection: ", error.message());
  const std::lock_guard lock(mutex_);
  return absl::UnavailableError(absl::StrCat("redis at ", server_.address, " ", what));
}

absl::Status RedisClient::Core::Deliver(RedisConnection& connection) {
  while (true) {
    absl::StatusOr<std::optional<RedisReply>> next = connection.reader.Next();
    if (!next.ok()) return next.status();
    if (!next->has_value()) return absl::OkStatus();
    if (pipeline_.empty()) return absl::DataLossError("redis: an answer to no command");
    const absl::Status left = (*next)->is_error() ? WhyLeave((*next)->text) : absl::OkStatus();
    RedisPipeline::Command command = pipeline_.Pop();
    if (command.callback && in_trouble_) NoteAnswer();
    Finish(std::move(command), Judge(**std::move(next)));
    if (!left.ok()) return left;
  }
}

// A fail-over: another address, or what this one leads to by now, is the new primary.
absl::Status RedisClient::Core::WhyLeave(std::string_view error) {
  const std::string_view code = error.substr(0, error.find(' '));
  if (code == "READONLY") return absl::UnavailableError("redis has become a replica");
  if (code != "NOREPLICAS" || servers_.size() == 1) return absl::OkStatus();
  // An old primary, or the only one, to which we come back at once: so now and then, not always.
  const TimePoint now = SteadyClock::now();
  if (now < may_leave_at_) return absl::OkStatus();
  may_leave_at_ = now + ToSteady(options_.backoff_max);
  return absl::UnavailableError("redis has too few replicas to write");
}

void RedisClient::Core::Finish(RedisPipeline::Command command, ReplyOr result) {
  --pending_;
  pending_bytes_ -= command.bytes;
  if (command.callback) command.callback(std::move(result));
}

void RedisClient::Core::NoteAnswer() {
  in_trouble_ = false;
  {
    const std::lock_guard lock(mutex_);
    circuit_.Succeed();
  }
  ShowCircuit();
}

// Commands that run out together, such as a batch, count as one failure.
void RedisClient::Core::NoteLate(size_t count) {
  in_trouble_ = true;
  {
    const std::lock_guard lock(mutex_);
    circuit_.Fail(ToTime(SteadyClock::now()));
  }
  ShowCircuit();
  if (metrics_) metrics_->late->Increment(static_cast<double>(count));
}

void RedisClient::Core::ShowCircuit() {
  if (!metrics_) return;
  const std::lock_guard lock(mutex_);
  metrics_->circuit_open->Set(circuit_.state() == CircuitBreaker::State::kClosed ? 0 : 1);
}

RedisClient::Core::TimePoint RedisClient::Core::SilenceAt() const {
  if (pipeline_.empty()) return TimePoint::max();
  return std::max(last_byte_at_, pipeline_.oldest_sent_at()) + ToSteady(options_.silence_max);
}

void RedisClient::Core::ArmTimer() {
  const TimePoint next = std::min(pipeline_.next_deadline(), SilenceAt());
  if (next == TimePoint::max() || (timer_armed_ && timer_.expiry() <= next)) return;
  timer_armed_ = true;
  timer_.expires_at(next);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const std::shared_ptr<Core> self = weak.lock();
    if (!cancelled && self != nullptr) self->OnTimer();
  });
}

void RedisClient::Core::OnTimer() {
  timer_armed_ = false;
  const TimePoint now = SteadyClock::now();
  const std::vector<RedisPipeline::Callback> expired = pipeline_.Expire(now);
  if (!expired.empty()) NoteLate(expired.size());
  for (const RedisPipeline::Callback& callback : expired) {
    callback(absl::DeadlineExceededError("redis did not answer in time, the command may have run"));
  }
  if (connection_ != nullptr && SilenceAt() <= now) {
    was_silent_ = true;
    connection_->stream.Close();
    return;
  }
  ArmTimer();
}

}  // namespace trama::platform
