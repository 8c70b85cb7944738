#include "services/reporting/kpi_fold.h"

#include "google/protobuf/util/time_util.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::reporting {
namespace {

using conversation::v1::ConversationEvent;
using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

int64_t BucketOf(int64_t unix_seconds) { return unix_seconds - unix_seconds % kBucketSeconds; }

// Collects the increments of one event. `At` puts the following ones into the bucket of a moment:
// each KPI says which moment that is (reporting_service.proto).
class Adder {
 public:
  Adder(const ConversationEvent& event, Folded& folded) : folded_(folded) {
    group_.workspace = event.workspace();
    group_.channel = event.channel();
    group_.queue = event.queue();
    group_.agent_id = event.agent_id();
    At(event.occurred_at());
  }
  Adder(const sla::v1::SlaEvent& event, Folded& folded) : folded_(folded) {
    group_.workspace = event.workspace();
    group_.channel = event.channel();
    group_.queue = event.queue();
    group_.agent_id = event.agent_id();
    At(event.occurred_at());
  }

  Adder& At(const Timestamp& moment) {
    if (moment.seconds() > 0) group_.bucket = BucketOf(moment.seconds());
    return *this;
  }
  Adder& Queue(const std::string& queue) {
    group_.queue = queue;
    return *this;
  }
  Adder& Agent(const std::string& agent_id) {
    group_.agent_id = agent_id;
    return *this;
  }
  Adder& Add(const char* counter, int64_t by = 1) {
    if (by != 0) folded_.increments.push_back({group_, counter, by});
    return *this;
  }

 private:
  Folded& folded_;
  Group group_;
};

void FoldAccepted(const ConversationEvent& event, const ServiceLevels& levels, Adder& adder) {
  const conversation::v1::Accepted& accepted = event.accepted();
  adder.At(accepted.enqueued_at()).Queue(accepted.queue()).Agent(accepted.agent_id());
  adder.Add(counter::kAnswered).Add(counter::kWaitMs, accepted.waited_ms());
  const int64_t threshold_ms = levels.Of(event.workspace(), accepted.queue()).threshold_ms();
  if (accepted.waited_ms() <= threshold_ms) adder.Add(counter::kAnsweredInThreshold);
}

void FoldAbandoned(const ConversationEvent& event, Adder& adder) {
  const conversation::v1::Abandoned& abandoned = event.abandoned();
  adder.At(event.occurred_at() - TimeUtil::MillisecondsToDuration(abandoned.waited_ms()));
  adder.Queue(abandoned.queue()).Agent("");
  adder.Add(abandoned.is_short() ? counter::kShortAbandoned : counter::kAbandoned);
}

void FoldReply(const ConversationEvent& event, Adder& adder) {
  const conversation::v1::ReplySent& reply = event.reply_sent();
  adder.Queue(reply.queue()).Agent(reply.agent_id()).Add(counter::kMessagesOut);
  if (reply.is_first() && reply.is_human_public()) {
    adder.Add(counter::kFirstResponses).Add(counter::kFirstResponseMs, reply.first_response_ms());
  }
}

// Handled is counted by WrapUpCompleted, which follows every Resolved.
void FoldResolved(const ConversationEvent& event, Adder& adder) {
  const conversation::v1::Resolved& resolved = event.resolved();
  adder.Queue(resolved.queue()).Agent(resolved.agent_id()).Add(counter::kResolved);
}

void FoldOfferEnded(const conversation::v1::OfferEnded& ended, Adder& adder) {
  adder.Queue(ended.queue()).Agent(ended.agent_id());
  if (ended.reason() == conversation::v1::OfferEnded::REASON_DECLINED) {
    adder.Add(counter::kDeclined);
  } else if (ended.reason() == conversation::v1::OfferEnded::REASON_TIMED_OUT) {
    adder.Add(counter::kTimedOut);
  }
}

void FoldLive(const ConversationEvent& event, Folded& folded) {
  LiveChange& live = folded.live.emplace_back();
  live.workspace = event.workspace();
  live.conversation_id = event.conversation_id();
  live.channel = event.channel();
  live.queue = event.queue();
  live.waiting = event.state() == conversation::v1::STATE_QUEUED ||
                 event.state() == conversation::v1::STATE_OFFERED;
  live.open = live.waiting || event.state() == conversation::v1::STATE_ASSIGNED;
}

}  // namespace

void Fold(const ConversationEvent& event, const ServiceLevels& levels, Folded& folded) {
  FoldLive(event, folded);
  Adder adder(event, folded);
  switch (event.fact_case()) {
    case ConversationEvent::kOpened:
      adder.At(event.opened().received_at()).Agent("").Add(counter::kOpened);
      break;
    case ConversationEvent::kMessageReceived:
      adder.At(event.message_received().received_at()).Add(counter::kMessagesIn);
      break;
    case ConversationEvent::kQueued:
      if (!event.queued().is_new_entry()) break;
      adder.At(event.queued().enqueued_at()).Queue(event.queued().queue()).Agent("");
      adder.Add(counter::kOffered);
      break;
    case ConversationEvent::kOfferEnded:
      FoldOfferEnded(event.offer_ended(), adder);
      break;
    case ConversationEvent::kAccepted:
      FoldAccepted(event, levels, adder);
      break;
    case ConversationEvent::kReplySent:
      FoldReply(event, adder);
      break;
    case ConversationEvent::kResolved:
      FoldResolved(event, adder);
      break;
    case ConversationEvent::kWrapUpCompleted:
      adder.Queue(event.wrap_up_completed().queue()).Agent(event.wrap_up_completed().agent_id());
      adder.Add(counter::kHandled);
      adder.Add(counter::kHandleMs, event.wrap_up_completed().handle_ms());
      break;
    case ConversationEvent::kReopened:
      adder.Agent("").Add(counter::kReopened);
      break;
    case ConversationEvent::kAbandoned:
      FoldAbandoned(event, adder);
      break;
    case ConversationEvent::kDeliveryChanged:
      if (event.delivery_changed().status() == delivery::v1::STATUS_DELIVERED) {
        adder.Add(counter::kDelivered);
      } else if (event.delivery_changed().status() == delivery::v1::STATUS_FAILED) {
        adder.Add(counter::kDeliveryFailed);
      }
      break;
    default:
      break;
  }
}

void Fold(const sla::v1::SlaEvent& event, Folded& folded) {
  Adder adder(event, folded);
  switch (event.fact_case()) {
    case sla::v1::SlaEvent::kBreached:
      adder.At(event.due_at()).Add(counter::kSlaBreached);
      break;
    case sla::v1::SlaEvent::kBreachRevised:
      if (event.breach_revised().still_breached()) break;
      adder.At(event.due_at()).Add(counter::kSlaBreached, -1);
      break;
    case sla::v1::SlaEvent::kFulfilled:
      if (event.fulfilled().in_time()) adder.Add(counter::kSlaFulfilled);
      break;
    default:
      break;
  }
}

}  // namespace trama::reporting
