#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "boost/asio/io_context.hpp"
#include "services/channels/common/delivery_inbox.h"
#include "services/channels/common/delivery_log.h"
#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/delivery_metrics.h"
#include "services/channels/common/delivery_plan.h"

namespace trama::channels {

// What the partitions of one loop share; all of it outlives them.
struct DeliveryWiring {
  const platform::KafkaConfig& kafka;
  const DeliveryLoopOptions& options;
  Sender& sender;
  const DeliveryLoop::AccountsNow& accounts;
  boost::asio::io_context& io;
  const platform::Clock& clock;
  DeliveryMetrics& metrics;
  platform::Health& health;
};

// Delivers the messages of one partition number on a thread of its own: takes over, serves, and
// takes over again after every error, until it is stopped.
class DeliveryPartition {
 public:
  DeliveryPartition(const DeliveryWiring& wiring, int32_t number);
  // Stop(false) and waits.
  ~DeliveryPartition();

  // With `drain`, attempts under way may end and are written; without, the number may belong to
  // somebody else already and nothing more is written. Returns at once; from any thread.
  void Stop(bool drain);
  void Join();

 private:
  enum class Stopping { kNo, kDrain, kNow };

  void Run();
  absl::Status TakeOver();
  absl::Status Serve();
  absl::Status Round(const platform::RecordBatch& batch);
  void Apply(const platform::Record& record, DeliveryEffects& effects,
             std::vector<platform::Record>& dead_letters);
  void TakeMessage(const platform::Record& record, DeliveryEffects& effects,
                   std::vector<platform::Record>& dead_letters);
  void Feed(const EndedCall& ended, DeliveryEffects& effects);
  void StartCalls(const DeliveryEffects& effects);
  void RefreshAccounts();
  absl::Duration WaitLimit() const;
  void WaitBeforeRetry(int failures);
  void CountAndTell(const DeliveryEffects& effects, bool committed);
  void At(DeliveryMoment moment) const;
  double Jitter();

  const DeliveryWiring wiring_;
  const int32_t number_;
  const std::string label_;  // The number, for metrics.
  std::shared_ptr<DeliveryInbox> inbox_ = std::make_shared<DeliveryInbox>();
  std::atomic<Stopping> stopping_ = Stopping::kNo;
  std::unique_ptr<platform::Heartbeat> heartbeat_;

  // Of the thread.
  std::unique_ptr<DeliveryLog> log_;
  std::unique_ptr<DeliveryPlan> plan_;
  // Ends of sends that no commit has written yet, by message: they outlive a takeover by the same
  // process, where they are better than asking the vendor.
  std::map<std::string, EndedCall> unsettled_;
  bool past_read_ = false;
  bool wrote_ = false;  // In the last round.
  absl::Duration accounts_read_at_ = -absl::InfiniteDuration();
  absl::Duration position_committed_at_ = -absl::InfiniteDuration();
  int64_t newest_offset_ = 0;
  std::mt19937_64 random_;
  std::thread thread_;
};

}  // namespace trama::channels
