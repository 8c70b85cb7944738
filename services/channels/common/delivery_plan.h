#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "services/channels/common/delivery_past.h"
#include "services/channels/common/delivery_rules.h"
#include "services/channels/common/send_outcome.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::channels {

// A record for trama.deliveries.v1.
struct DeliveryRecord {
  delivery::v1::Delivery delivery;
  std::string traceparent;
};

// A call to the sender.
struct SenderCall {
  OutboundPtr message;
  Attempt attempt;
  std::shared_ptr<const std::set<std::string>> taken;  // For finds only.
};

// What a step of the plan wants done: first the records committed, then the calls made.
struct DeliveryEffects {
  std::vector<DeliveryRecord> records;
  std::vector<SenderCall> sends;
  std::vector<SenderCall> finds;
};

// Decides when each message of one partition number is attempted, and what its outcome means.
//
//   waiting → attempting → finished (sent, failed)
//      ↑___________|  retry       ↘ unknown → (receipt) finished
//      ↑__________________________________|  once, if the vendor says it has nothing
//
// Promises: a send is asked for only together with its ATTEMPTING record; an attempt without known
// outcome is never followed by another before a receipt was waited for and the vendor was asked;
// messages of one conversation are attempted in the order of their offsets, each after the end of
// the one before it, and hold up nobody else.
//
// Pure: time and jitter come in as arguments. One thread. Lifetime: one per takeover of the number.
class DeliveryPlan {
 public:
  explicit DeliveryPlan(DeliveryRules rules) : rules_(std::move(rules)) {}

  // Whose messages may leave. Messages of other accounts wait a little and then fail. None: nobody
  // knows the accounts yet, so nothing is begun and nothing fails.
  void SetAccounts(std::optional<DeliveryAccounts> accounts) { accounts_ = std::move(accounts); }

  // Before the first Take: a record of the past, in the order of the log.
  void Recall(const delivery::v1::Delivery& past);
  // Every message that the past can be about has been taken.
  void ForgetPast() { past_.Clear(); }

  // The next message of the outbound topic. Offsets rise. False: a repeat, or finished by an
  // earlier owner; it is passed over.
  bool Take(int64_t offset, OutboundPtr message, const std::string& traceparent, absl::Time now,
            DeliveryEffects& effects);

  // Any record of trama.deliveries.v1, read while running: receipts are what matters.
  void Heard(const delivery::v1::Delivery& delivery);

  // What a call of the sender has come to. `jitter` is drawn from [0, 1).
  void SendEnded(const std::string& message_id, int32_t attempt, const SendOutcome& outcome,
                 absl::Time now, double jitter, DeliveryEffects& effects);
  void FindEnded(const std::string& message_id, int32_t attempt, const FindOutcome& outcome,
                 absl::Time now, DeliveryEffects& effects);

  // Starts what is due. At most kTickMax messages at once; NextDeadline() asks for the rest.
  void Tick(absl::Time now, DeliveryEffects& effects);
  // When Tick() has something to do; InfiniteFuture() when only an outcome can bring it.
  absl::Time NextDeadline() const;

  // No attempt and no question is begun any more: the owner is about to leave.
  void StopStarting() { starting_ = false; }

  // The offset of the oldest unfinished message; none when all are finished.
  std::optional<int64_t> OldestOpen() const;
  bool WantsMore() const;
  size_t open() const { return open_.size(); }
  int in_flight() const { return in_flight_; }

  static constexpr int kTickMax = 500;

 private:
  enum class Phase { kWaiting, kAttempting, kUnknown, kFinding };

  struct Open {
    int64_t offset = 0;
    OutboundPtr message;
    std::string traceparent;
    std::string conversation;
    std::string account;
    size_t bytes = 0;
    absl::Time taken_at;
    absl::Time expires_at;
    Phase phase = Phase::kWaiting;
    int32_t attempt = 0;
    absl::Time attempted_at;
    // kWaiting: not attempted before. kUnknown: the vendor is asked then.
    absl::Time due = absl::InfinitePast();
    int32_t unknowns = 0;
    int finds = 0;
    bool lost = false;
    bool receipt_seen = false;
    // An earlier attempt may have reached the customer, and nobody has said that it did not.
    bool may_have_arrived = false;
    bool counted_in_flight = false;
    delivery::v1::Failure failure;  // The last one.
  };
  using Due = std::pair<absl::Time, int64_t>;

  Open* Find(const std::string& message_id);
  void Resume(Open& message, MessagePast past, absl::Time now, DeliveryEffects& effects);
  // May anything be begun now?
  bool IsStarting() const { return starting_ && accounts_.has_value(); }
  // None when it is not configured, or when nobody knows.
  const DeliveryAccount* AccountOf(const Open& message) const;
  bool IsFront(const Open& message) const;
  // Puts a front message where Tick finds it; takes it away again.
  void Schedule(Open& message, absl::Time due);
  void Unschedule(const Open& message);

  void TickWaiting(Open& message, absl::Time now, DeliveryEffects& effects);
  // False: it must wait for its account (and was scheduled so) or has failed.
  bool AccountAllows(Open& message, absl::Time now, DeliveryEffects& effects);
  void StartAttempt(Open& message, absl::Time now, DeliveryEffects& effects);
  void StartFind(Open& message, DeliveryEffects& effects);
  void Retry(Open& message, const SendOutcome& outcome, absl::Time now, double jitter,
             DeliveryEffects& effects);
  void BecomeUnknown(Open& message, absl::Time now, DeliveryEffects& effects);
  void GiveUpUnknown(Open& message, delivery::v1::Failure failure, absl::Time now,
                     DeliveryEffects& effects);
  // It will not be attempted again, for this reason.
  void End(Open& message, delivery::v1::Failure failure, absl::Time now, DeliveryEffects& effects);
  void Fail(Open& message, delivery::v1::Failure failure, absl::Time now, DeliveryEffects& effects);
  void MarkSent(Open& message, const SendOutcome& outcome, absl::Time now,
                DeliveryEffects& effects);
  void Finish(Open& message);
  void LeaveFlight(Open& message);
  absl::Duration ReceiptWait(const Open& message) const;
  delivery::v1::Delivery& Say(const Open& message, delivery::v1::Status status, absl::Time now,
                              DeliveryEffects& effects);

  const DeliveryRules rules_;
  std::optional<DeliveryAccounts> accounts_;
  DeliveryPast past_;
  FinishedMessages finished_;
  VendorIds vendor_ids_;

  absl::btree_map<int64_t, Open> open_;          // By offset.
  absl::btree_map<std::string, int64_t> by_id_;  // Message id to offset.
  absl::btree_map<std::string, std::deque<int64_t>> conversations_;
  // Fronts of their conversations: those that wait for an attempt, and those that wait for a
  // receipt.
  absl::btree_set<Due> waiting_;
  absl::btree_set<Due> unknown_;
  // Waiting messages whose account has too many attempts under way.
  absl::btree_map<std::string, absl::btree_set<int64_t>> crowded_;
  absl::btree_map<std::string, int> account_in_flight_;
  absl::btree_map<std::string, absl::Time> account_held_until_;
  int in_flight_ = 0;
  size_t open_bytes_ = 0;
  int64_t last_offset_ = -1;
  bool starting_ = true;
};

}  // namespace trama::channels
