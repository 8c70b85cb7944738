#include "services/profile/restorer.h"

#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/errors.h"
#include "services/platform/base/log.h"
#include "services/profile/redis_batch.h"
#include "services/profile/redis_layout.h"
#include "services/profile/redis_scripts.h"

namespace trama::profile {
namespace {

using platform::RedisReply;

constexpr absl::Duration kRestoreStaleAfter = absl::Seconds(60);
constexpr absl::Duration kLookEvery = absl::Seconds(2);
constexpr absl::Duration kConnectWait = absl::Seconds(1);
constexpr int kFillingSecondsMax = 24 * 3600;
constexpr int kScanCount = 1000;

}  // namespace

Restorer::Restorer(const platform::KafkaConfig& kafka, const ProfileTopics& topics, RowStore& store,
                   platform::Health& health, platform::Metrics& metrics)
    : store_(store),
      player_(kafka, topics.profiles, topics.profiles_partitions, store, metrics),
      heartbeat_(health.AddHeartbeat("restorer", kRestoreStaleAfter)),
      restored_(health.AddCondition("restored")),
      restores_(metrics.Counter("trama_profile_restores_total",
                                "Times that Redis was filled from the topic of profile.")) {}

std::unique_ptr<Restorer> Restorer::Start(const platform::KafkaConfig& kafka,
                                          const ProfileTopics& topics, RowStore& store,
                                          platform::Health& health, platform::Metrics& metrics) {
  std::unique_ptr<Restorer> restorer(new Restorer(kafka, topics, store, health, metrics));
  Restorer* self = restorer.get();
  store.OnEmpty([self] { self->Check(); });
  store.redis().OnConnected(
      [self](const platform::RedisServerInfo& server) { self->Connected(server); });
  restorer->thread_ = std::thread([self] { self->Loop(); });
  return restorer;
}

void Restorer::Stop() {
  if (!thread_.joinable()) return;
  store_.redis().OnConnected([](const platform::RedisServerInfo&) {});
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

// The marker of a server that we come back to is right, and yet it may lack what was written
// elsewhere in between.
void Restorer::Connected(const platform::RedisServerInfo& server) {
  const std::lock_guard lock(mutex_);
  moved_ = moved_ || (!run_id_.empty() && run_id_ != server.run_id);
  run_id_ = server.run_id;
  look_ = true;
  changed_.notify_all();
}

void Restorer::Check() {
  const std::lock_guard lock(mutex_);
  look_ = true;
  changed_.notify_all();
}

absl::StatusOr<int64_t> Restorer::Rebuild(bool flush, absl::Time deadline) {
  std::unique_lock lock(mutex_);
  wish_.flush = wish_.flush || flush;
  const int64_t number = ++wish_.number;
  changed_.notify_all();
  const bool in_time = changed_.wait_until(lock, absl::ToChronoTime(deadline),
                                           [&] { return stopping_ || done_number_ >= number; });
  if (done_number_ >= number) return done_;
  if (in_time) return absl::UnavailableError("this replica is stopping; ask another one");
  return absl::DeadlineExceededError("the rebuild is not done yet; it goes on");
}

bool Restorer::WaitFilled(absl::Time deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, absl::ToChronoTime(deadline), [&] { return stopping_ || filled_; });
  return filled_ && !stopping_;
}

bool Restorer::Wait(Wish& wish) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(kLookEvery),
                    [&] { return stopping_ || look_ || wish_.number > done_number_; });
  look_ = false;
  wish = wish_.number > done_number_ ? std::exchange(wish_, {wish_.number, false}) : Wish();
  return !stopping_;
}

void Restorer::Loop() {
  Wish wish;
  while (Wait(wish)) {
    heartbeat_->Beat();
    const absl::StatusOr<int64_t> result = Turn(wish);
    Note(wish, result);
    if (result.ok()) continue;
    std::unique_lock lock(mutex_);
    look_ = true;
    changed_.wait_for(lock, absl::ToChronoMilliseconds(kConnectWait), [&] { return stopping_; });
  }
}

void Restorer::Note(const Wish& wish, const absl::StatusOr<int64_t>& result) {
  restored_->Set(result.ok(), result.ok() ? "" : result.status().ToString());
  if (!result.ok() && !absl::IsCancelled(result.status())) {
    platform::Log(platform::LogLevel::kWarning, "customers not restored",
                  {{"why", result.status()}});
  }
  const std::lock_guard lock(mutex_);
  filled_ = result.ok();
  if (wish.number > done_number_) {
    done_number_ = wish.number;
    done_ = result;
  }
  changed_.notify_all();
}

absl::StatusOr<int64_t> Restorer::Turn(const Wish& wish) {
  absl::Status connected = store_.redis().WaitConnected(kConnectWait);
  if (!connected.ok()) return connected;
  // Of the server that is asked below; if another one comes meanwhile, Finish notices.
  const std::string marker = MarkerOf(store_.redis());
  bool moved = false;
  {
    const std::lock_guard lock(mutex_);
    moved = std::exchange(moved_, false);
  }
  if (wish.number == 0 && !moved) {
    const absl::StatusOr<bool> filled = IsFilled(marker);
    if (!filled.ok()) return filled.status();
    if (*filled) return 0;
  }
  {
    const std::lock_guard lock(mutex_);
    filled_ = false;
  }
  if (wish.flush) {
    if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
  }
  absl::StatusOr<int64_t> rows = Fill(marker);
  if (!rows.ok() && moved) {
    const std::lock_guard lock(mutex_);
    moved_ = true;
  }
  return rows;
}

absl::StatusOr<bool> Restorer::IsFilled(const std::string& marker) {
  RedisBatch batch(store_.redis());
  for (int shard = 0; shard < kShards; ++shard) batch.AddCommand({"GET", MarkerKey(shard)});
  for (const absl::StatusOr<RedisReply>& reply : batch.Finish()) {
    if (!reply.ok()) return reply.status();
    if (reply->text != marker) return false;
  }
  return true;
}

absl::StatusOr<int64_t> Restorer::Fill(const std::string& marker) {
  const absl::Time began = absl::Now();
  absl::BitGen random;
  const std::string attempt = absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random)));
  if (absl::Status begun = Begin(attempt); !begun.ok()) return begun;
  const absl::StatusOr<int64_t> rows = player_.Play([this] {
    heartbeat_->Beat();
    const std::lock_guard lock(mutex_);
    return !stopping_;
  });
  if (!rows.ok()) return rows.status();
  if (absl::Status finished = Finish(marker, attempt); !finished.ok()) return finished;
  restores_->Increment();
  platform::Log(platform::LogLevel::kInfo, "customers restored",
                {{"rows", *rows}, {"took", absl::Now() - began}});
  return rows;
}

absl::Status Restorer::Begin(const std::string& attempt) {
  RedisBatch batch(store_.redis());
  for (int shard = 0; shard < kShards; ++shard) {
    batch.AddCommand(
        {"SET", FillingKey(shard, attempt), "1", "EX", absl::StrCat(kFillingSecondsMax)});
  }
  absl::Status failed;
  for (const absl::StatusOr<RedisReply>& reply : batch.Finish()) failed.Update(reply.status());
  return failed;
}

absl::Status Restorer::Finish(const std::string& marker, const std::string& attempt) {
  if (MarkerOf(store_.redis()) != marker) {
    return absl::AbortedError("another Redis has come while it was filled");
  }
  RedisBatch batch(store_.redis());
  for (int shard = 0; shard < kShards; ++shard) {
    batch.AddScript(FilledScript(), {MarkerKey(shard), FillingKey(shard, attempt)}, {marker});
  }
  absl::Status failed;
  for (const absl::StatusOr<RedisReply>& reply : batch.Finish()) {
    failed.Update(reply.status());
    if (reply.ok() && reply->integer != 1) {
      failed.Update(absl::AbortedError("Redis was emptied while it was filled"));
    }
  }
  return failed;
}

absl::Status Restorer::Flush() {
  RedisBatch markers(store_.redis());
  // First, so that nobody writes to what is half empty.
  for (int shard = 0; shard < kShards; ++shard) markers.AddCommand({"DEL", MarkerKey(shard)});
  for (const absl::StatusOr<RedisReply>& reply : markers.Finish()) {
    if (!reply.ok()) return reply.status();
  }
  std::string cursor = "0";
  do {
    heartbeat_->Beat();
    absl::StatusOr<RedisReply> found = store_.redis().CallBlocking(
        {"SCAN", cursor, "MATCH", kAllKeysPattern, "COUNT", absl::StrCat(kScanCount)});
    if (!found.ok()) return found.status();
    if (found->elements.size() != 2) return absl::InternalError("SCAN has answered nonsense");
    cursor = found->elements[0].text;
    RedisBatch batch(store_.redis());
    for (const RedisReply& key : found->elements[1].elements) {
      batch.AddCommand({"UNLINK", key.text});
    }
    for (const absl::StatusOr<RedisReply>& reply : batch.Finish()) {
      if (!reply.ok()) return reply.status();
    }
  } while (cursor != "0");
  return absl::OkStatus();
}

}  // namespace trama::profile
