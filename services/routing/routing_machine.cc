#include "services/routing/routing_machine.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/routing/commands.h"
#include "services/routing/life.h"
#include "services/routing/matching.h"
#include "services/routing/messages.h"
#include "services/routing/offers.h"
#include "services/routing/presence.h"
#include "services/routing/questions.h"
#include "services/routing/queueing.h"
#include "services/routing/receipts.h"
#include "services/routing/reconcile.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/routing/v1/work.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

namespace trama::routing {
namespace {

// What names an input in the events that it causes, and the trace that it came with.
struct Origin {
  std::string cause;
  std::string_view traceparent;
};

Origin OriginOf(const Tick&, int64_t now_ms) { return {absl::StrCat("clock:", now_ms), {}}; }

Origin OriginOf(const LogEntry& entry, int64_t) {
  if (entry.message->GetDescriptor() == v1::Work::descriptor()) {
    const auto& work = static_cast<const v1::Work&>(*entry.message);
    return {work.interaction().interaction_id(), entry.traceparent};
  }
  return {entry.id, entry.traceparent};
}

Origin OriginOf(const Command& command, int64_t) { return {command.id, command.traceparent}; }

Origin OriginOf(const Answer&, int64_t now_ms) { return {absl::StrCat("profile:", now_ms), {}}; }

Origin OriginOf(const ConfigRevision& revision, int64_t) {
  return {absl::StrCat("config:", revision.revision), {}};
}

Origin OriginOf(const TakenOver& taken, int64_t) {
  return {absl::StrCat("takeover:", taken.incarnation), {}};
}

}  // namespace

absl::Status RoutingMachine::LoadRow(std::string_view key, std::string_view value) {
  const RowBytes row{key, value};
  return LoadRows({&row, 1});
}

absl::Status RoutingMachine::LoadRows(std::span<const RowBytes> rows) {
  TRAMA_CHECK(!has_taken_over_);
  return state_.LoadRows(rows);
}

std::vector<RowChange> RoutingMachine::TakeChangedRows() { return state_.TakeChangedRows(); }

Step RoutingMachine::StepOf(const Stamp& at, const Input& input, Effects& effects) const {
  Step step{.effects = effects};
  step.now_ms = absl::ToUnixMillis(at.now);
  step.caught_up_ms = absl::ToUnixMillis(at.caught_up);
  Origin origin =
      std::visit([&](const auto& event) { return OriginOf(event, step.now_ms); }, input);
  step.came_with = origin.traceparent;
  step.cause = std::move(origin.cause);
  step.actor.set_kind(types::v1::Actor::KIND_SYSTEM);
  return step;
}

void RoutingMachine::Apply(const Stamp& at, const Input& input, Effects& effects) {
  Step step = StepOf(at, input, effects);
  now_ms_ = step.now_ms;
  caught_up_ms_ = step.caught_up_ms;
  TRAMA_CHECK(has_taken_over_ || std::holds_alternative<TakenOver>(input));
  FireWakes(step);
  std::visit([&](const auto& event) { On(step, event); }, input);
  SettleDoubts(state_, step);
  Match(state_, step);
}

absl::Time RoutingMachine::NextDeadline() const {
  if (state_.HasUrgentWork()) return absl::InfinitePast();
  int64_t next = 0;
  const auto consider = [&next](int64_t at_ms) {
    if (at_ms != 0 && (next == 0 || at_ms < next)) next = at_ms;
  };
  consider(state_.wakes.First());
  consider(state_.asks.First());
  consider(state_.silences.First());
  consider(state_.seen.NextExpiryMs());
  // The end of a reopen window counts when the log was read so far; until then there is no use in
  // a tick between its moment and the news that the log was read.
  const int64_t closes = state_.closes.First();
  consider(closes <= caught_up_ms_ ? closes : state_.closes.FirstAfter(now_ms_));
  const absl::Time forget = state_.commands.NextExpiry();
  return next == 0 ? forget : std::min(forget, absl::FromUnixMillis(next));
}

void RoutingMachine::FireWakes(Step& step) {
  if (!state_.wakes.IsDue(step.now_ms)) return;
  Step by_clock = step.BySystem();
  by_clock.cause = OriginOf(trama::Tick{}, step.now_ms).cause;
  by_clock.came_with = {};
  by_clock.traceparent.clear();
  for (size_t left = kTimersPerInputMax; left > 0; --left) {
    Conversation* conversation = state_.DueToWake(step.now_ms);
    if (conversation == nullptr) return;
    switch (conversation->row->state()) {
      case conversation::v1::STATE_OFFERED:
        TimeOutOffer(state_, by_clock, *conversation);
        break;
      case conversation::v1::STATE_QUEUED:
        EndExclusions(state_, by_clock, *conversation);
        break;
      case conversation::v1::STATE_WRAPPING:
        TimeOutWrapUp(state_, by_clock, *conversation);
        break;
      default:
        TRAMA_CHECK(conversation->row->state() == conversation::v1::STATE_CLOSED);
        state_.ForgetConversation(*conversation);
    }
  }
}

bool RoutingMachine::FireOne(Step& step) {
  if (Agent* agent = state_.silences.Due(step.now_ms)) {
    CheckSilence(state_, step, *agent);
    return true;
  }
  if (Conversation* conversation = state_.asks.Due(step.now_ms)) {
    Ask(state_, step, *conversation);
    return true;
  }
  // A message that came in time may stand in the log and not be read yet.
  const int64_t closed_until_ms = std::min(step.now_ms, step.caught_up_ms);
  if (Conversation* conversation = state_.DueToClose(closed_until_ms)) {
    Close(state_, step, *conversation, "reopen_window_over");
    return true;
  }
  return false;
}

void RoutingMachine::On(Step& step, const Tick&) {
  for (size_t left = kTimersPerInputMax; left > 0 && FireOne(step);) --left;
  state_.seen.Expire(step.now_ms, kForgottenPerInputMax,
                     [&](std::string_view key, const v1::SeenRow& row) {
                       return state_.Knows(SplitRowKey(key).first, row.conversation_id());
                     });
  state_.commands.Expire(absl::FromUnixMillis(step.now_ms));
}

void RoutingMachine::On(Step& step, const LogEntry& entry) {
  const auto* type = entry.message->GetDescriptor();
  if (type == v1::Work::descriptor()) {
    step.actor.set_kind(types::v1::Actor::KIND_CUSTOMER);
    OnWork(state_, step, entry);
  } else if (type == delivery::v1::Delivery::descriptor()) {
    OnDelivery(state_, step, static_cast<const delivery::v1::Delivery&>(*entry.message));
  } else {
    TRAMA_CHECK(type == sla::v1::SlaEvent::descriptor());
    OnSla(state_, step, static_cast<const sla::v1::SlaEvent&>(*entry.message));
  }
}

void RoutingMachine::On(Step& step, const Command& command) {
  step.actor = ActorOf(command);
  OnCommand(state_, step, command);
}

void RoutingMachine::On(Step& step, const Answer& answer) { OnAnswer(state_, step, answer); }

void RoutingMachine::On(Step& step, const ConfigRevision& revision) {
  OnRevision(state_, step, revision);
}

void RoutingMachine::On(Step& step, const TakenOver& taken) {
  TRAMA_CHECK(!has_taken_over_);
  has_taken_over_ = true;
  state_.incarnation = taken.incarnation;
  state_.Restore();
  NoteDoubts(state_);
  ProlongOffers(state_, step);
  HearAll(state_, step);
  AskForAll(state_, step);
}

}  // namespace trama::routing
