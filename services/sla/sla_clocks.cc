// What happens to one clock: SlaMachine's clock operations.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/check.h"
#include "services/kernel/ids.h"
#include "services/sla/sla_machine.h"

namespace trama::sla {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kEventType[] = "trama.sla.v1.SlaEvent";

google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time));
}

absl::Duration UsedSoFar(const PolicyBook& book, const v1::ClockRow& clock, const Promise& promise,
                         absl::Time at) {
  // Its calendar may have gone while nobody was here; what replaces it is nearer than no calendar.
  const std::string& calendar =
      book.KnowsCalendar(clock.workspace(), clock.calendar()) ? clock.calendar() : promise.calendar;
  return Used(book.CalendarOf(clock.workspace(), calendar), clock, at);
}

}  // namespace

template <typename Change>
void SlaMachine::Edit(const std::string& clock_id, Change change) {
  v1::ClockRow* clock = clocks_.Edit(clock_id);
  TRAMA_CHECK(clock != nullptr);
  const absl::Time before = NextWake(*clock);
  change(*clock);
  const absl::Time after = NextWake(*clock);
  if (before == after) return;
  wakes_.erase({before, clock_id});
  if (after != absl::InfiniteFuture()) wakes_.emplace(after, clock_id);
}

template <typename Fill>
void SlaMachine::Publish(Step& step, const std::string& clock_id, v1::ClockRow& clock,
                         absl::Time moment, Fill fill) {
  const v1::ConversationRow* row = conversations_.Find(clock.conversation_id());
  TRAMA_CHECK(row != nullptr);
  clock.set_sequence(clock.sequence() + 1);
  v1::SlaEvent event;
  event.set_event_id(DerivedId(clock_id, clock.sequence()));
  event.set_workspace(clock.workspace());
  event.set_conversation_id(clock.conversation_id());
  event.set_clock_id(clock_id);
  event.set_kind(clock.kind());
  *event.mutable_occurred_at() = ToProto(moment);
  event.set_cause_id(step.cause);
  event.set_policy(clock.policy());
  event.set_calendar(clock.calendar());
  event.set_channel(row->channel());
  event.set_queue(row->queue());
  event.set_priority(row->priority());
  event.set_agent_id(row->agent_id());
  event.set_state(clock.state());
  event.set_target_ms(clock.target_ms());
  if (IsOpen(clock) && clock.due_ms() != 0) {
    *event.mutable_due_at() = TimeUtil::MillisecondsToTimestamp(clock.due_ms());
  }
  fill(event);

  OutRecord& record = step.effects.records.emplace_back();
  record.topic = topics_.sla;
  record.key = event.conversation_id();
  record.type = kEventType;
  record.id = event.event_id();
  record.subject = event.conversation_id();
  record.time = moment;
  record.traceparent = step.traceparent;
  record.value = event.SerializeAsString();
}

Subject SlaMachine::SubjectOf(const v1::ConversationRow& row) const {
  return {row.workspace(), row.channel(), row.queue(), row.priority(), &row.facts()};
}

const PolicyBook& SlaMachine::BookOf(const std::string& clock_id) const {
  const auto it = retargets_.find(clock_id);
  return it == retargets_.end() ? *book_ : *it->second;
}

const Calendar& SlaMachine::CalendarOf(const std::string& clock_id,
                                       const v1::ClockRow& clock) const {
  return BookOf(clock_id).CalendarOf(clock.workspace(), clock.calendar());
}

const std::string* SlaMachine::OpenClock(const v1::ConversationRow& row, v1::ClockKind kind) const {
  for (const std::string& id : row.clock_ids()) {
    const v1::ClockRow* clock = clocks_.Find(id);
    if (clock != nullptr && clock->kind() == kind && IsOpen(*clock)) return &id;
  }
  return nullptr;
}

void SlaMachine::End(v1::ClockRow& clock, v1::ClockState state, absl::Time moment) {
  clock.set_state(state);
  clock.set_ended_ms(std::max<int64_t>(1, absl::ToUnixMillis(moment)));
}

void SlaMachine::Activate(Step& step, const std::string& conversation, v1::ConversationRow& row,
                          v1::ClockKind kind, absl::Time since, absl::Time moment) {
  if (OpenClock(row, kind) != nullptr) return;
  Promise promise;
  if (!book_->Find(SubjectOf(row), kind, promise)) return;

  const std::string id =
      DerivedId({conversation, v1::ClockKind_Name(kind), absl::StrCat(row.sequence())});
  v1::ClockRow& made = clocks_.Put(id);
  made.set_workspace(row.workspace());
  made.set_conversation_id(conversation);
  made.set_kind(kind);
  // Not yet among the wakes: paused until it is armed below.
  made.set_state(v1::CLOCK_STATE_PAUSED);
  made.set_started_ms(absl::ToUnixMillis(since));
  row.add_clock_ids(id);
  Edit(id, [&](v1::ClockRow& clock) {
    clock.set_state(v1::CLOCK_STATE_RUNNING);
    Arm(book_->CalendarOf(row.workspace(), promise.calendar), since, absl::ZeroDuration(), promise,
        clock);
    Publish(step, id, clock, moment, [&](v1::SlaEvent& event) {
      *event.mutable_activated()->mutable_started_at() = ToProto(since);
    });
  });
}

void SlaMachine::Fulfil(Step& step, const v1::ConversationRow& row, v1::ClockKind kind,
                        absl::Time moment) {
  const std::string* found = OpenClock(row, kind);
  if (found == nullptr) return;
  const std::string id = *found;
  Edit(id, [&](v1::ClockRow& clock) {
    const absl::Duration used = Used(CalendarOf(id, clock), clock, moment);
    const bool in_time = clock.due_ms() == 0 || absl::ToUnixMillis(moment) <= clock.due_ms();
    if (!in_time && !clock.breached()) Breach(step, id, clock);
    if (in_time && clock.breached()) Revise(step, id, clock, moment);
    clock.set_agent_id(row.agent_id());
    End(clock, v1::CLOCK_STATE_FULFILLED, moment);
    Publish(step, id, clock, moment, [&](v1::SlaEvent& event) {
      event.mutable_fulfilled()->set_used_ms(absl::ToInt64Milliseconds(used));
      event.mutable_fulfilled()->set_in_time(in_time);
    });
  });
}

void SlaMachine::Cancel(Step& step, const std::string& clock_id, const std::string& reason,
                        absl::Time moment) {
  Edit(clock_id, [&](v1::ClockRow& clock) {
    // Past its due time it was breached, however it ends.
    const bool late = clock.due_ms() != 0 && absl::ToUnixMillis(moment) > clock.due_ms();
    if (late && !clock.breached()) Breach(step, clock_id, clock);
    if (!late && clock.breached()) Revise(step, clock_id, clock, moment);
    End(clock, v1::CLOCK_STATE_CANCELED, moment);
    Publish(step, clock_id, clock, moment,
            [&](v1::SlaEvent& event) { event.mutable_canceled()->set_reason(reason); });
  });
}

void SlaMachine::CancelAll(Step& step, const v1::ConversationRow& row, const std::string& reason,
                           absl::Time moment) {
  for (const std::string& id : row.clock_ids()) {
    const v1::ClockRow* open = clocks_.Find(id);
    if (open != nullptr && IsOpen(*open)) Cancel(step, id, reason, moment);
  }
}

void SlaMachine::BreachOverdue(Step& step, const v1::ConversationRow& row, absl::Time moment) {
  for (const std::string& id : row.clock_ids()) {
    const v1::ClockRow* open = clocks_.Find(id);
    if (open == nullptr || !IsOpen(*open) || open->breached()) continue;
    if (open->due_ms() == 0 || open->due_ms() >= absl::ToUnixMillis(moment)) continue;
    Edit(id, [&](v1::ClockRow& clock) { Breach(step, id, clock); });
  }
}

void SlaMachine::RetargetAll(Step& step, const v1::ConversationRow& row, const std::string& reason,
                             absl::Time moment) {
  for (const std::string& id : row.clock_ids()) Retarget(step, id, reason, moment);
}

void SlaMachine::Retarget(Step& step, const std::string& clock_id, const std::string& reason,
                          absl::Time moment) {
  const v1::ClockRow* open = clocks_.Find(clock_id);
  if (open == nullptr || !IsOpen(*open)) return;
  // Due, but not yet fired: what has not been read yet may still have ended it in time.
  const bool overdue = open->due_ms() != 0 && open->due_ms() <= absl::ToUnixMillis(moment);
  if (overdue && !open->breached()) return;
  const v1::ConversationRow* row = conversations_.Find(open->conversation_id());
  TRAMA_CHECK(row != nullptr);

  Promise promise;
  if (!book_->Find(SubjectOf(*row), open->kind(), promise)) {
    Cancel(step, clock_id, "no policy", moment);
    return;
  }
  // A revision may have moved the anchor beyond a fact that is read only now: from before it
  // nothing may be counted again.
  const absl::Time anchor = std::max(moment, absl::FromUnixMillis(open->anchor_ms()));
  const absl::Duration used = UsedSoFar(BookOf(clock_id), *open, promise, anchor);
  v1::ClockRow armed = *open;
  Arm(book_->CalendarOf(open->workspace(), promise.calendar), anchor, used, promise, armed);
  // A breach stands: only what is still to come can move.
  const bool same = armed.due_ms() == open->due_ms() && armed.policy() == open->policy() &&
                    armed.target_ms() == open->target_ms();
  if (open->breached() || (same && armed.calendar() == open->calendar())) return;
  // It counts by the newest book now, though its turn in `retargets_` is still to come.
  if (const auto it = retargets_.find(clock_id); it != retargets_.end()) it->second = book_;
  Edit(clock_id, [&](v1::ClockRow& clock) {
    const int64_t old_target_ms = clock.target_ms();
    clock = armed;
    Publish(step, clock_id, clock, moment, [&](v1::SlaEvent& event) {
      event.mutable_retargeted()->set_old_target_ms(old_target_ms);
      event.mutable_retargeted()->set_used_ms(absl::ToInt64Milliseconds(used));
      event.mutable_retargeted()->set_reason(reason);
    });
  });
}

void SlaMachine::Breach(Step& step, const std::string& clock_id, v1::ClockRow& clock) {
  const absl::Time due = absl::FromUnixMillis(clock.due_ms());
  const v1::ConversationRow* row = conversations_.Find(clock.conversation_id());
  TRAMA_CHECK(row != nullptr);
  clock.set_breached(true);
  clock.set_breached_queue(row->queue());
  clock.set_breached_agent_id(row->agent_id());
  clock.set_state(v1::CLOCK_STATE_BREACHED);
  Publish(step, clock_id, clock, due, [&](v1::SlaEvent& event) {
    event.mutable_breached()->set_lateness_ms(absl::ToInt64Milliseconds(step.at.now - due));
  });
}

void SlaMachine::Revise(Step& step, const std::string& clock_id, v1::ClockRow& clock,
                        absl::Time moment) {
  const absl::Duration used = Used(CalendarOf(clock_id, clock), clock, moment);
  clock.set_breached(false);
  Publish(step, clock_id, clock, moment, [&](v1::SlaEvent& event) {
    event.set_queue(clock.breached_queue());
    event.set_agent_id(clock.breached_agent_id());
    event.mutable_breach_revised()->set_still_breached(false);
    event.mutable_breach_revised()->set_used_ms(absl::ToInt64Milliseconds(used));
  });
}

void SlaMachine::Fire(Step& step, const std::string& clock_id) {
  Edit(clock_id, [&](v1::ClockRow& clock) {
    const absl::Time known = std::min(step.at.now, step.at.caught_up);
    if (clock.due_ms() != 0 && absl::FromUnixMillis(clock.due_ms()) <= known) {
      Breach(step, clock_id, clock);
      return;
    }
    const absl::Time warn = absl::FromUnixMillis(clock.warn_ms());
    const absl::Duration used = Used(CalendarOf(clock_id, clock), clock, warn);
    clock.set_warned(true);
    Publish(step, clock_id, clock, warn, [&](v1::SlaEvent& event) {
      event.mutable_warned()->set_remaining_ms(clock.target_ms() - absl::ToInt64Milliseconds(used));
      event.mutable_warned()->set_lateness_ms(absl::ToInt64Milliseconds(step.at.now - warn));
    });
  });
}

}  // namespace trama::sla
