// When messages are attempted: the part of DeliveryPlan that Tick() drives.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/channels/common/delivery_plan.h"

namespace trama::channels {

namespace dv = delivery::v1;

namespace {

// An account may be applied a moment after the first message for it; looked for again this often.
constexpr absl::Duration kUnknownAccountPause = absl::Milliseconds(500);

}  // namespace

bool DeliveryPlan::IsFront(const Open& message) const {
  return conversations_.at(message.conversation).front() == message.offset;
}

void DeliveryPlan::Schedule(Open& message, absl::Time due) {
  message.due = due;
  if (message.phase == Phase::kUnknown) {
    // Not only fronts: a receipt is waited for and the vendor is asked at any place in the line.
    unknown_.emplace(due, message.offset);
  } else if (IsFront(message)) {
    waiting_.emplace(due, message.offset);
  }
}

void DeliveryPlan::Unschedule(const Open& message) {
  waiting_.erase({message.due, message.offset});
  unknown_.erase({message.due, message.offset});
  const auto crowd = crowded_.find(message.account);
  if (crowd == crowded_.end()) return;
  crowd->second.erase(message.offset);
  if (crowd->second.empty()) crowded_.erase(crowd);
}

void DeliveryPlan::Tick(absl::Time now, DeliveryEffects& effects) {
  if (!IsStarting()) return;
  for (int done = 0; done < kTickMax; ++done) {
    if (!unknown_.empty() && unknown_.begin()->first <= now) {
      Open& message = open_.at(unknown_.begin()->second);
      unknown_.erase(unknown_.begin());
      StartFind(message, effects);
    } else if (!waiting_.empty() && waiting_.begin()->first <= now &&
               in_flight_ < rules_.in_flight_max) {
      Open& message = open_.at(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      TickWaiting(message, now, effects);
    } else {
      return;
    }
  }
}

absl::Time DeliveryPlan::NextDeadline() const {
  absl::Time next = absl::InfiniteFuture();
  if (!IsStarting()) return next;
  if (!unknown_.empty()) next = unknown_.begin()->first;
  if (!waiting_.empty() && in_flight_ < rules_.in_flight_max) {
    next = std::min(next, waiting_.begin()->first);
  }
  return next;
}

void DeliveryPlan::TickWaiting(Open& message, absl::Time now, DeliveryEffects& effects) {
  if (now >= message.expires_at) {
    dv::Failure failure = message.failure;
    failure.set_reason(dv::Failure::REASON_EXPIRED);
    failure.set_retryable(false);
    if (failure.detail().empty()) failure.set_detail("it was not to be sent after this time");
    End(message, std::move(failure), now, effects);
    return;
  }
  if (AccountAllows(message, now, effects)) StartAttempt(message, now, effects);
}

const DeliveryAccount* DeliveryPlan::AccountOf(const Open& message) const {
  if (!accounts_.has_value()) return nullptr;
  const auto account = accounts_->find(message.account);
  return account == accounts_->end() ? nullptr : &account->second;
}

bool DeliveryPlan::AccountAllows(Open& message, absl::Time now, DeliveryEffects& effects) {
  const DeliveryAccount* account = AccountOf(message);
  if (account == nullptr && now < message.taken_at + rules_.unknown_account_wait) {
    Schedule(message, now + kUnknownAccountPause);
    return false;
  }
  if (account == nullptr || !account->on) {
    dv::Failure failure;
    failure.set_reason(dv::Failure::REASON_ACCOUNT_OFF);
    failure.set_detail(absl::StrCat("channel account ", message.account,
                                    account == nullptr ? " is not configured" : " is off"));
    failure.set_retryable(true);
    End(message, std::move(failure), now, effects);
    return false;
  }
  if (const auto held = account_held_until_.find(message.account);
      held != account_held_until_.end()) {
    if (held->second > now) {
      Schedule(message, held->second);
      return false;
    }
    account_held_until_.erase(held);
  }
  const auto in_flight = account_in_flight_.find(message.account);
  if (in_flight != account_in_flight_.end() &&
      in_flight->second >= rules_.in_flight_per_account_max) {
    crowded_[message.account].insert(message.offset);
    return false;
  }
  return true;
}

void DeliveryPlan::StartAttempt(Open& message, absl::Time now, DeliveryEffects& effects) {
  ++message.attempt;
  message.phase = Phase::kAttempting;
  message.attempted_at = now;
  message.finds = 0;
  message.lost = false;
  message.counted_in_flight = true;
  ++in_flight_;
  ++account_in_flight_[message.account];
  Say(message, dv::STATUS_ATTEMPTING, now, effects);
  effects.sends.push_back(
      {message.message, Attempt{message.attempt, now, message.traceparent}, nullptr});
}

void DeliveryPlan::StartFind(Open& message, DeliveryEffects& effects) {
  message.phase = Phase::kFinding;
  ++message.finds;
  effects.finds.push_back({message.message,
                           Attempt{message.attempt, message.attempted_at, message.traceparent},
                           vendor_ids_.AllBut(message.message->message_id())});
}

absl::Duration DeliveryPlan::ReceiptWait(const Open& message) const {
  const DeliveryAccount* account = AccountOf(message);
  const bool has_own = account != nullptr && account->receipt_wait > absl::ZeroDuration();
  return has_own ? account->receipt_wait : rules_.receipt_wait;
}

std::optional<int64_t> DeliveryPlan::OldestOpen() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->first;
}

bool DeliveryPlan::WantsMore() const {
  // What is taken before the accounts are known would wait for them with too little of its time.
  return IsStarting() && open_.size() < static_cast<size_t>(rules_.open_max) &&
         open_bytes_ < rules_.open_bytes_max &&
         (open_.empty() || last_offset_ - open_.begin()->first < rules_.window_max);
}

}  // namespace trama::channels
