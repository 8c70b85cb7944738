#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/channels/common/delivery_rules.h"
#include "services/channels/common/sender.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::channels {

// Moments of the delivery loop at which a test may end the process.
enum class DeliveryMoment {
  kTakenOver,            // The past is known, nothing new has been done.
  kAttemptNotCommitted,  // ATTEMPTING records are produced, the transaction is open.
  kAttemptCommitted,     // They are committed, no vendor has been called.
  kVendorAnswered,       // The sender has returned, the outcome is only in memory.
  kOutcomeNotCommitted,  // Outcomes are produced, the transaction is open.
  kOutcomeCommitted,     // They are committed, the position is not.
  kPositionCommitted,
};

struct DeliveryLoopOptions {
  DeliveryRules rules;
  // The outbound topic; the name of the channel's when empty.
  std::string outbound_topic;
  std::string deliveries_topic = "trama.deliveries.v1";
  std::string dead_letter_topic = "trama.deadletter.v1";
  // "trama-<channel>-delivery" when empty: names the consumer group of positions and the
  // transactional ids "<group>-<number>".
  std::string group;
  // The group whose members share the numbers, "<group>.members" when empty: apart from the group
  // of positions, which only outsiders of a group may set.
  std::string group_of_members;
  // Stable slot of this process in the group; empty: a member that comes and goes.
  std::string instance_id;
  // SIGTERM and rebalances: attempts under way get this long to end.
  absl::Duration drain_max = absl::Seconds(15);
  // Receipts of other processes may be stamped by clocks that are so much behind.
  absl::Duration clock_skew_max = absl::Minutes(5);
  // This process is out of the group for good. From a thread of the loop.
  std::function<void(const absl::Status&)> on_fatal;
  // Tests only.
  std::function<void(DeliveryMoment)> on_moment;
};

// Delivers what stands in trama.outbound.<channel>.v1, for the partition numbers that the consumer
// group gives to this process; one thread for each.
//
// Promises: an ATTEMPTING record stands committed in trama.deliveries.v1 before each vendor call,
// its outcome after it; only one process at a time can write either (transactional.id per number),
// so after kill -9 at any point no message is blindly sent again. Messages of one conversation
// leave in order; one that must wait does not hold up others.
//
// Lifetime: what it is given must outlive it. `io` runs the sender's coroutines; a call that has
// not ended within drain_max may outlive the loop, but not `io`, so the sender must live as long.
class DeliveryLoop {
 public:
  // The present accounts, none while nobody knows them; called on the loop's threads.
  using AccountsNow = std::function<std::optional<DeliveryAccounts>()>;

  static absl::StatusOr<std::unique_ptr<DeliveryLoop>> Start(
      const platform::KafkaConfig& kafka, DeliveryLoopOptions options, Sender& sender,
      AccountsNow accounts, boost::asio::io_context& io, const platform::Clock& clock,
      platform::Metrics& metrics, platform::Health& health);
  // Drains as Stop does.
  virtual ~DeliveryLoop() = default;

  // Starts no new attempts, waits for those under way (drain_max), commits, gives the numbers back.
  // Blocks: not from a thread of `io`. A second call does nothing.
  virtual void Stop() = 0;
};

}  // namespace trama::channels
