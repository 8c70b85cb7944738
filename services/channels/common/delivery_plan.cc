#include "services/channels/common/delivery_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/channels/common/proto_time.h"
#include "services/kernel/ids.h"

namespace trama::channels {

namespace dv = delivery::v1;

namespace {

dv::Failure MakeFailure(dv::Failure::Reason reason, std::string detail, bool retryable = false) {
  dv::Failure failure;
  failure.set_reason(reason);
  failure.set_detail(std::move(detail));
  failure.set_retryable(retryable);
  return failure;
}

absl::string_view Word(dv::Status status) {
  switch (status) {
    case dv::STATUS_ATTEMPTING:
      return "attempting";
    case dv::STATUS_SENT:
      return "sent";
    case dv::STATUS_FAILED:
      return "failed";
    case dv::STATUS_UNKNOWN:
      return "unknown";
    case dv::STATUS_RETRYING:
      return "retrying";
    default:
      return "other";
  }
}

absl::Time ExpiryOf(const outbound::v1::OutboundMessage& message, absl::Duration age_max,
                    absl::Time now) {
  if (message.has_expires_at()) return FromProto(message.expires_at());
  return (message.has_created_at() ? FromProto(message.created_at()) : now) + age_max;
}

}  // namespace

DeliveryPlan::Open* DeliveryPlan::Find(const std::string& message_id) {
  const auto id = by_id_.find(message_id);
  return id == by_id_.end() ? nullptr : &open_.at(id->second);
}

void DeliveryPlan::Recall(const dv::Delivery& past) {
  vendor_ids_.Add(past.message_id(), past.vendor_message_id());
  past_.Fold(past);
}

bool DeliveryPlan::Take(int64_t offset, OutboundPtr message, const std::string& traceparent,
                        absl::Time now, DeliveryEffects& effects) {
  if (offset <= last_offset_) return false;  // Read again after a pause.
  last_offset_ = offset;
  const std::string& id = message->message_id();
  if (by_id_.contains(id) || finished_.Has(id)) return false;
  MessagePast past = past_.Take(id);
  if (past.finished) {
    finished_.Add(id);
    return false;
  }

  Open& open = open_[offset];
  by_id_[id] = offset;
  open.offset = offset;
  open.traceparent = traceparent;
  // Without a conversation nothing has to stay in order with it.
  open.conversation = message->conversation_id().empty() ? absl::StrCat("message/", id)
                                                         : message->conversation_id();
  open.account = AccountKey(message->workspace(), message->channel_account());
  open.bytes = message->ByteSizeLong();
  open.taken_at = now;
  open.expires_at = ExpiryOf(*message, rules_.age_max, now);
  open.message = std::move(message);
  open_bytes_ += open.bytes;
  conversations_[open.conversation].push_back(offset);
  Resume(open, std::move(past), now, effects);
  return true;
}

// Goes on where an earlier owner left off.
void DeliveryPlan::Resume(Open& message, MessagePast past, absl::Time now,
                          DeliveryEffects& effects) {
  message.attempt = past.attempt;
  message.attempted_at = past.attempted_at;
  message.unknowns = past.unknowns;
  message.may_have_arrived = past.unknowns > 0;
  message.lost = past.lost;
  message.failure = std::move(past.failure);
  switch (past.status) {
    case dv::STATUS_ATTEMPTING:
      if (rules_.vendor_drops_repeats) {
        Schedule(message, absl::InfinitePast());
        return;
      }
      message.lost = true;
      message.failure =
          MakeFailure(dv::Failure::REASON_OTHER, "the service stopped during the attempt", true);
      BecomeUnknown(message, now, effects);
      return;
    case dv::STATUS_UNKNOWN:
      message.phase = Phase::kUnknown;
      Schedule(message, past.next_at);
      return;
    case dv::STATUS_RETRYING:
      Schedule(message, past.next_at);
      return;
    default:
      Schedule(message, absl::InfinitePast());
  }
}

void DeliveryPlan::Heard(const dv::Delivery& delivery) {
  vendor_ids_.Add(delivery.message_id(), delivery.vendor_message_id());
  Open* message = Find(delivery.message_id());
  // What delivery itself writes about an open message is never final, so this is a receipt: the
  // vendor has it, whatever our call has come or will come to.
  if (message == nullptr || !IsFinal(delivery.status())) return;
  if (message->phase == Phase::kAttempting) {
    message->receipt_seen = true;
    return;
  }
  Finish(*message);
}

void DeliveryPlan::SendEnded(const std::string& message_id, int32_t attempt,
                             const SendOutcome& outcome, absl::Time now, double jitter,
                             DeliveryEffects& effects) {
  Open* message = Find(message_id);
  // An outcome may also belong to an attempt that this process made before it took over anew: then
  // the attempt counts as lost, and this is the best news about it.
  if (message == nullptr || message->attempt != attempt || message->phase == Phase::kWaiting)
    return;
  LeaveFlight(*message);
  Unschedule(*message);
  message->failure = outcome.failure;
  if (outcome.kind == SendOutcome::Kind::kSent) {
    MarkSent(*message, outcome, now, effects);
  } else if (message->receipt_seen) {
    Finish(*message);
  } else if (outcome.kind == SendOutcome::Kind::kFailed) {
    End(*message, outcome.failure, now, effects);
  } else if (outcome.kind == SendOutcome::Kind::kRetry || rules_.vendor_drops_repeats) {
    Retry(*message, outcome, now, jitter, effects);
  } else {
    message->lost = false;
    BecomeUnknown(*message, now, effects);
  }
}

void DeliveryPlan::Retry(Open& message, const SendOutcome& outcome, absl::Time now, double jitter,
                         DeliveryEffects& effects) {
  const absl::Duration wait =
      std::max(outcome.retry_after, Backoff(rules_, message.attempt + 1, jitter));
  const absl::Time next = now + wait;
  if (outcome.account_wide) {
    absl::Time& held = account_held_until_[message.account];
    held = std::max(held, next);
  }
  if (next >= message.expires_at) {
    dv::Failure failure = outcome.failure;
    failure.set_reason(dv::Failure::REASON_EXPIRED);
    failure.set_detail(
        absl::StrCat("gave up after ", message.attempt, " attempts: ", outcome.failure.detail()));
    End(message, std::move(failure), now, effects);
    return;
  }
  message.phase = Phase::kWaiting;
  dv::Delivery& said = Say(message, dv::STATUS_RETRYING, now, effects);
  *said.mutable_failure() = outcome.failure;
  said.mutable_failure()->set_retryable(true);
  SetProto(next, said.mutable_next_attempt_at());
  Schedule(message, next);
}

void DeliveryPlan::BecomeUnknown(Open& message, absl::Time now, DeliveryEffects& effects) {
  message.phase = Phase::kUnknown;
  ++message.unknowns;
  message.may_have_arrived = true;
  const absl::Time until = now + ReceiptWait(message);
  dv::Delivery& said = Say(message, dv::STATUS_UNKNOWN, now, effects);
  *said.mutable_failure() = message.failure;
  said.set_attempt_lost(message.lost);
  SetProto(until, said.mutable_next_attempt_at());
  Schedule(message, until);
}

void DeliveryPlan::FindEnded(const std::string& message_id, int32_t attempt,
                             const FindOutcome& outcome, absl::Time now, DeliveryEffects& effects) {
  Open* message = Find(message_id);
  if (message == nullptr || message->attempt != attempt || message->phase != Phase::kFinding)
    return;
  if (outcome.kind == FindOutcome::Kind::kFound) {
    MarkSent(*message, outcome.sent, now, effects);
    return;
  }
  if (outcome.kind == FindOutcome::Kind::kTryLater && message->lost &&
      message->finds < rules_.finds_max) {
    message->phase = Phase::kUnknown;
    Schedule(*message, now + ReceiptWait(*message));
    return;
  }
  const bool nothing_there = outcome.kind == FindOutcome::Kind::kNotFound;
  const bool rule_allows = message->lost ? rules_.retry_lost : rules_.retry_ambiguous;
  if (message->unknowns > 1 || !(nothing_there || rule_allows)) {
    dv::Failure failure = message->failure;
    failure.set_retryable(true);
    GiveUpUnknown(*message, std::move(failure), now, effects);
    return;
  }
  if (nothing_there) message->may_have_arrived = false;
  message->phase = Phase::kWaiting;
  Schedule(*message, now);
}

void DeliveryPlan::End(Open& message, dv::Failure failure, absl::Time now,
                       DeliveryEffects& effects) {
  if (message.may_have_arrived) {
    GiveUpUnknown(message, std::move(failure), now, effects);
  } else {
    Fail(message, std::move(failure), now, effects);
  }
}

void DeliveryPlan::GiveUpUnknown(Open& message, dv::Failure failure, absl::Time now,
                                 DeliveryEffects& effects) {
  if (failure.reason() == dv::Failure::REASON_UNSPECIFIED) {
    failure.set_reason(dv::Failure::REASON_OTHER);
  }
  failure.set_detail(
      absl::StrCat("outcome unknown, not sent again because the customer may have it",
                   failure.detail().empty() ? "" : ": ", failure.detail()));
  Fail(message, std::move(failure), now, effects);
}

void DeliveryPlan::Fail(Open& message, dv::Failure failure, absl::Time now,
                        DeliveryEffects& effects) {
  *Say(message, dv::STATUS_FAILED, now, effects).mutable_failure() = std::move(failure);
  Finish(message);
}

void DeliveryPlan::MarkSent(Open& message, const SendOutcome& outcome, absl::Time now,
                            DeliveryEffects& effects) {
  vendor_ids_.Add(message.message->message_id(), outcome.vendor_message_id);
  dv::Delivery& said = Say(message, dv::STATUS_SENT, now, effects);
  said.set_vendor_message_id(outcome.vendor_message_id);
  said.set_vendor_status(outcome.vendor_status);
  said.set_segments(outcome.segments);
  Finish(message);
}

void DeliveryPlan::Finish(Open& message) {
  LeaveFlight(message);
  Unschedule(message);
  finished_.Add(message.message->message_id());
  open_bytes_ -= message.bytes;
  by_id_.erase(message.message->message_id());

  const auto conversation = conversations_.find(message.conversation);
  auto& line = conversation->second;
  line.erase(std::find(line.begin(), line.end(), message.offset));
  std::optional<int64_t> next;
  if (line.empty()) {
    conversations_.erase(conversation);
  } else {
    next = line.front();
  }
  open_.erase(message.offset);  // Ends the life of `message`.

  if (!next.has_value()) return;
  Open& front = open_.at(*next);
  // A follower may wait already, for example a retry from before the takeover.
  if (front.phase == Phase::kWaiting || front.phase == Phase::kUnknown) Schedule(front, front.due);
}

void DeliveryPlan::LeaveFlight(Open& message) {
  if (!message.counted_in_flight) return;
  message.counted_in_flight = false;
  --in_flight_;
  if (--account_in_flight_[message.account] == 0) account_in_flight_.erase(message.account);

  const auto crowd = crowded_.find(message.account);
  if (crowd == crowded_.end()) return;
  const int64_t offset = *crowd->second.begin();
  crowd->second.erase(crowd->second.begin());
  if (crowd->second.empty()) crowded_.erase(crowd);
  waiting_.emplace(open_.at(offset).due, offset);
}

dv::Delivery& DeliveryPlan::Say(const Open& message, dv::Status status, absl::Time now,
                                DeliveryEffects& effects) {
  const outbound::v1::OutboundMessage& outbound = *message.message;
  DeliveryRecord& record = effects.records.emplace_back();
  record.traceparent = message.traceparent;
  dv::Delivery& said = record.delivery;
  said.set_event_id(DerivedId(outbound.message_id(),
                              absl::StrCat("delivery/", Word(status), "/", message.attempt)));
  said.set_workspace(outbound.workspace());
  said.set_message_id(outbound.message_id());
  said.set_conversation_id(outbound.conversation_id());
  said.set_channel(rules_.channel);
  said.set_channel_account(outbound.channel_account());
  said.set_status(status);
  said.set_attempt(message.attempt);
  SetProto(now, said.mutable_occurred_at());
  return said;
}

}  // namespace trama::channels
