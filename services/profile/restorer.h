#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/redis/redis_client.h"
#include "services/profile/profile_topics.h"
#include "services/profile/row_player.h"
#include "services/profile/row_store.h"

namespace trama::profile {

// Fills Redis from topic `profiles`: at the start and whenever the server behind the connection is
// another one (a restart, a fail-over) or has been emptied. A row that is newer in Redis stays.
// Only then are the shards marked, and until then RowStore refuses them.
//
// Several processes may do it at once: the newer version wins in all of them.
//
// One thread of its own from Start to Stop. Thread-safe.
class Restorer {
 public:
  // The references must outlive it, all but `topics`.
  static std::unique_ptr<Restorer> Start(const platform::KafkaConfig& kafka,
                                         const ProfileTopics& topics, RowStore& store,
                                         platform::Health& health, platform::Metrics& metrics);
  ~Restorer() { Stop(); }

  void Stop();

  // Looks whether Redis is filled, and fills it if not. Returns at once.
  void Check();

  // Plays the whole topic again, after emptying Redis of our keys if `flush`. Waits until it is
  // done and gives the number of rows. DEADLINE_EXCEEDED: it goes on nevertheless.
  absl::StatusOr<int64_t> Rebuild(bool flush, absl::Time deadline);

  // Waits until Redis is filled; false at the deadline or when it was stopped.
  bool WaitFilled(absl::Time deadline);

 private:
  // What Rebuild asks for; its callers share the next run that begins after they have come.
  struct Wish {
    int64_t number = 0;
    bool flush = false;
  };

  Restorer(const platform::KafkaConfig& kafka, const ProfileTopics& topics, RowStore& store,
           platform::Health& health, platform::Metrics& metrics);

  void Connected(const platform::RedisServerInfo& server);
  void Loop();
  // The next thing to do; false when there is nothing to do but to end.
  bool Wait(Wish& wish);
  absl::StatusOr<int64_t> Turn(const Wish& wish);
  absl::StatusOr<bool> IsFilled(const std::string& marker);
  absl::StatusOr<int64_t> Fill(const std::string& marker);
  absl::Status Begin(const std::string& attempt);
  absl::Status Finish(const std::string& marker, const std::string& attempt);
  absl::Status Flush();
  void Note(const Wish& wish, const absl::StatusOr<int64_t>& result);

  RowStore& store_;
  RowPlayer player_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  std::unique_ptr<platform::Condition> restored_;
  platform::CounterFamily& restores_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool filled_ = false;
  bool look_ = true;    // There is reason to look at the markers.
  std::string run_id_;  // Of the Redis that we are connected to.
  bool moved_ = false;  // We have left another one, which may have got what this one lacks.
  Wish wish_;
  int64_t done_number_ = 0;  // The newest wish that was fulfilled or has failed.
  absl::StatusOr<int64_t> done_ = int64_t{0};
  std::thread thread_;
};

}  // namespace trama::profile
