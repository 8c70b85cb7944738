#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/platform/redis/redis_client.h"
#include "services/platform/redis/redis_connection.h"
#include "services/platform/redis/redis_metrics.h"
#include "services/platform/redis/redis_pipeline.h"

namespace trama::platform {

// What a RedisClient and its coroutines share; outlives the client until they have ended. Callers
// put their commands into an inbox; one strand writes, reads, keeps time and reconnects.
class RedisClient::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(boost::asio::io_context& io, RedisOptions options, std::shared_ptr<TlsContext> tls);

  // When a submission leaves: at once, or with the next one, at the latest after kSoonMax.
  enum class Leaves { kNow, kSoon };

  // Any thread:
  void Open();
  void Stop();
  // One callback per command. Refusals are called back at once, in this thread.
  void Submit(const std::vector<RedisCommand>& commands, std::vector<RedisCallback> callbacks,
              absl::Duration timeout);
  // The same for commands that are encoded already, one behind the other.
  void Submit(std::string wire, std::vector<RedisCallback> callbacks, absl::Duration timeout,
              Leaves leaves = Leaves::kNow);
  // True for the first who asks since the connection was made: he has to load the script.
  bool MustLoad(const RedisScript& script);
  absl::Status WaitConnected(absl::Duration limit);
  void OnConnected(std::function<void(const RedisServerInfo&)> callback);
  bool connected() const;
  RedisServerInfo server() const;
  size_t pending() const { return pending_; }
  boost::asio::io_context& io() { return io_; }
  absl::Duration TimeoutOf(absl::Duration wanted) const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Submission {
    std::string wire;
    std::vector<RedisCallback> callbacks;
    TimePoint deadline;
  };

  bool Reserve(size_t count, size_t bytes);
  // OK: the submission was taken; `wake`: nobody has been told to look after it yet. Else it was
  // not, and why.
  absl::Status Take(Submission& submission, TimePoint now, Leaves leaves, bool& wake);
  std::string Servers() const;

  // On the strand:
  static Awaitable<void> Run(std::shared_ptr<Core> self);
  // Tries every server once, from `next_` on.
  Awaitable<absl::StatusOr<std::shared_ptr<RedisConnection>>> OpenAny(RedisServerInfo* server);
  // Somebody got an answer; nobody did in time.
  void NoteAnswer();
  void NoteLate(size_t count);
  void ShowCircuit();
  // What stands in `out` of the connection.
  void WriteOut();
  static Awaitable<void> WriteRest(std::shared_ptr<Core> self,
                                   std::shared_ptr<RedisConnection> connection);
  // Until the connection ends; says why it did.
  Awaitable<absl::Status> ReadReplies(std::shared_ptr<RedisConnection> connection);
  absl::Status Deliver(RedisConnection& connection);
  // Not OK: another server may be the primary by now, and why.
  absl::Status WhyLeave(std::string_view error);
  void NoteConnected(const std::shared_ptr<RedisConnection>& connection, RedisServerInfo server);
  void NoteDisconnected(const absl::Status& why);
  void TakeInbox();
  void TakeInboxSoon();
  void Finish(RedisPipeline::Command command, absl::StatusOr<RedisReply> result);
  absl::Status NotConnected();
  absl::Status Broke(const boost::system::error_code& error);
  TimePoint SilenceAt() const;
  void ArmTimer();
  void OnTimer();

  boost::asio::io_context& io_;
  const RedisOptions options_;
  const std::shared_ptr<TlsContext> tls_;
  const std::vector<ServerAddress> servers_;
  const std::unique_ptr<RedisMetrics> metrics_;  // Null: none.
  std::atomic<size_t> pending_ = 0;
  std::atomic<size_t> pending_bytes_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Submission> inbox_;  // Guarded by mutex_, as the next seven.
  bool called_ = false;            // TakeInbox will run soon.
  bool soon_armed_ = false;        // TakeInbox will run when soon_ has expired.
  CircuitBreaker circuit_;
  std::set<std::string> loaded_;  // Scripts sent on this connection.
  bool connected_ = false;
  RedisServerInfo server_;
  absl::Status failure_ = absl::UnavailableError("the first attempt has not ended");

  const boost::asio::any_io_executor strand_;
  std::shared_ptr<RedisConnection> connection_;  // On the strand only, as all below.
  RedisPipeline pipeline_;
  std::vector<Submission> taken_;  // Of TakeInbox; kept for its memory.
  std::function<void(const RedisServerInfo&)> on_connected_;
  boost::asio::steady_timer timer_;  // For deadlines and silence.
  bool timer_armed_ = false;
  boost::asio::steady_timer soon_;
  boost::asio::steady_timer retry_;
  TimePoint last_byte_at_;
  TimePoint may_leave_at_;   // For want of replicas: not before.
  bool was_silent_ = false;  // We closed the connection because nothing came.
  bool stopping_ = false;
  bool in_trouble_ = false;  // The circuit has counted failures.
  size_t next_ = 0;          // Of servers_: the one to try next.
  int64_t connections_ = 0;
  std::mt19937 random_;
};

}  // namespace trama::platform
