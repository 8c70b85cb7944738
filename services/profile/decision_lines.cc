#include "services/profile/decision_lines.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace trama::profile {
namespace {

using conversation::v1::ConversationEvent;
using sla::v1::SlaEvent;

// "12s", "1h5m": whole seconds, unless there are none.
std::string Span(int64_t ms) {
  absl::Duration span = absl::Milliseconds(ms);
  if (span >= absl::Seconds(1)) span = absl::Trunc(span, absl::Seconds(1));
  return absl::FormatDuration(span);
}

// ", because …" and the like, when there is something to say.
std::string Tail(const char* before, const std::string& text, const char* after = "") {
  return text.empty() ? "" : absl::StrCat(before, text, after);
}

std::string OfferEnd(const conversation::v1::OfferEnded& ended) {
  using conversation::v1::OfferEnded;
  const char* how = "ended";
  switch (ended.reason()) {
    case OfferEnded::REASON_DECLINED:
      how = "declined";
      break;
    case OfferEnded::REASON_TIMED_OUT:
      how = "timed out";
      break;
    case OfferEnded::REASON_WITHDRAWN:
      how = "withdrawn";
      break;
    case OfferEnded::REASON_CANCELED:
      how = "canceled";
      break;
    default:
      break;
  }
  return absl::StrCat("offer to ", ended.agent_id(), " ", how, Tail(": ", ended.detail()));
}

const char* ClockName(const SlaEvent& event) {
  switch (event.kind()) {
    case sla::v1::CLOCK_KIND_FIRST_RESPONSE:
      return "first response";
    case sla::v1::CLOCK_KIND_QUEUE_ANSWER:
      return "queue answer";
    default:
      return "target";
  }
}

const char* PauseWords(sla::v1::Paused::Reason reason) {
  switch (reason) {
    case sla::v1::Paused::REASON_WAITING_CUSTOMER:
      return "waiting for the customer";
    case sla::v1::Paused::REASON_WAITING_THIRD_PARTY:
      return "waiting for somebody else";
    case sla::v1::Paused::REASON_OUTSIDE_HOURS:
      return "outside the hours";
    case sla::v1::Paused::REASON_SNOOZED:
      return "snoozed";
    case sla::v1::Paused::REASON_CHANNEL_OUTAGE:
      return "the channel was down";
    default:
      return "paused";
  }
}

std::string WrapUp(const conversation::v1::WrapUpCompleted& done) {
  return absl::StrCat("wrapped up by ", done.agent_id(), " after ", Span(done.handle_ms()),
                      Tail(": ", absl::StrJoin(done.codes(), ", ")),
                      done.timed_out() ? " (time was up)" : "");
}

}  // namespace

std::optional<std::string> LineOf(const ConversationEvent& event) {
  switch (event.fact_case()) {
    case ConversationEvent::kOpened:
      return "conversation opened";
    case ConversationEvent::kQueued:
      return absl::StrCat(event.queued().is_new_entry() ? "queued in " : "back in queue ",
                          event.queued().queue(), ", priority ", event.queued().priority(),
                          Tail(": ", event.queued().reason()));
    case ConversationEvent::kOffered:
      return absl::StrCat("offered to ", event.offered().agent_id(),
                          Tail(", decided by ", event.offered().decision().decided_by()));
    case ConversationEvent::kOfferEnded:
      return OfferEnd(event.offer_ended());
    case ConversationEvent::kAccepted:
      return absl::StrCat("accepted by ", event.accepted().agent_id(), " after ",
                          Span(event.accepted().waited_from_first_ms()));
    case ConversationEvent::kResolved:
      return absl::StrCat("resolved by ", event.resolved().agent_id(),
                          Tail(": ", event.resolved().reason()));
    case ConversationEvent::kWrapUpCompleted:
      return WrapUp(event.wrap_up_completed());
    case ConversationEvent::kReopened:
      return absl::StrCat("reopened ", Span(event.reopened().after_ms()), " after it was resolved");
    case ConversationEvent::kClosed:
      return absl::StrCat("conversation closed", Tail(": ", event.closed().reason()));
    case ConversationEvent::kAbandoned:
      return absl::StrCat("abandoned after ", Span(event.abandoned().waited_ms()),
                          Tail(" in ", event.abandoned().queue()));
    default:
      return std::nullopt;
  }
}

std::optional<std::string> LineOf(const SlaEvent& event) {
  const std::string name = ClockName(event);
  switch (event.fact_case()) {
    case SlaEvent::kActivated:
      return absl::StrCat(name, " within ", Span(event.target_ms()),
                          Tail(" by policy ", event.policy()));
    case SlaEvent::kPaused:
      return absl::StrCat(name, " clock paused: ", PauseWords(event.paused().reason()));
    case SlaEvent::kResumed:
      return absl::StrCat(name, " clock resumed after ", Span(event.resumed().used_ms()));
    case SlaEvent::kWarned:
      return absl::StrCat(name, " at risk: ", Span(event.warned().remaining_ms()), " left");
    case SlaEvent::kFulfilled:
      return absl::StrCat(name, event.fulfilled().in_time() ? " in time" : " too late", ", after ",
                          Span(event.fulfilled().used_ms()));
    case SlaEvent::kBreached:
      return absl::StrCat(name, " breached: more than ", Span(event.target_ms()));
    case SlaEvent::kBreachRevised:
      return absl::StrCat(name,
                          event.breach_revised().still_breached()
                              ? " breach revised: breached at another moment"
                              : " breach revised: it was kept",
                          ", after ", Span(event.breach_revised().used_ms()));
    case SlaEvent::kCanceled:
      return absl::StrCat(name, " clock canceled", Tail(": ", event.canceled().reason()));
    case SlaEvent::kRetargeted:
      return absl::StrCat(name, " now within ", Span(event.target_ms()),
                          Tail(": ", event.retargeted().reason()));
    default:
      return std::nullopt;
  }
}

}  // namespace trama::profile
