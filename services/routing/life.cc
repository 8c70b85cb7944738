#include "services/routing/life.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/errors.h"
#include "services/routing/conversation_state.h"
#include "services/routing/offers.h"
#include "services/routing/publish.h"
#include "services/routing/queueing.h"
#include "services/routing/refusals.h"
#include "services/routing/views.h"

namespace trama::routing {
namespace {

using config::v1::WrapUp;

constexpr char kTimeoutCode[] = "WRAP_TIMEOUT";

// Null when the queue was deleted meanwhile.
const QueueSettings* QueueOf(const Conversation& conversation) {
  return conversation.workspace->settings->FindQueue(conversation.row->queue());
}

// The agent's hands are free of it: his load changes, and perhaps he is idle now.
void ReleaseAgent(State& state, Step& step, Conversation& conversation, Agent& agent) {
  state.Sync(conversation);
  if (!agent.HasLoad() && agent.row != nullptr) {
    state.Edit(agent).set_idle_since_ms(step.now_ms);
    state.Refresh(agent);
  }
  PublishLoad(state, step, agent, conversation.row->conversation_id());
  v1::AgentUpdate update;
  *update.mutable_conversation() = ViewOf(conversation);
  Tell(step, agent, std::move(update));
}

void PublishWrapUpStarted(State& state, Step& step, Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::WrapUpStarted& started = *event.mutable_wrap_up_started();
    started.set_agent_id(row.agent_id());
    started.set_queue(row.queue());
    if (row.wrap_up_until_ms() != 0) {
      *started.mutable_ends_by() = ToTimestamp(row.wrap_up_until_ms());
    }
  });
}

// What is wrong with the codes that an agent gives; OK when nothing is.
absl::Status CheckCodes(const Conversation& conversation,
                        const google::protobuf::RepeatedPtrField<std::string>& codes) {
  const WorkspaceSettings& settings = *conversation.workspace->settings;
  const QueueSettings* queue = QueueOf(conversation);
  const bool must = queue != nullptr &&
                    (queue->wrap_up == WrapUp::MANDATORY || queue->wrap_up == WrapUp::TIME_BOXED);
  if (must && codes.empty()) {
    return InvalidField("codes", "", "must hold at least one code; this queue's wrap-up needs it");
  }
  if (codes.size() > kWrapUpCodesMax) {
    return InvalidField("codes", "", absl::StrCat("may hold at most ", kWrapUpCodesMax, " codes"));
  }
  for (const std::string& code : codes) {
    const auto it = settings.wrap_up_codes.find(code);
    if (it == settings.wrap_up_codes.end()) {
      return InvalidField("codes", code, "is not a wrap-up code of this workspace");
    }
    if (!it->second.empty() && !it->second.contains(conversation.row->queue())) {
      return InvalidField("codes", code,
                          absl::StrCat("is not offered in queue ", conversation.row->queue()));
    }
  }
  return absl::OkStatus();
}

// An ended conversation counts from now on. Nobody answers it any more.
void StartReopenWindow(Step& step, Conversation& conversation, v1::ConversationRow& row) {
  row.clear_traceparent();
  row.set_ends_at_ms(step.now_ms + conversation.workspace->settings->reopen_window_ms);
}

}  // namespace

void ResolveConversation(State& state, Step& step, Conversation& conversation, Agent& agent,
                         const std::string& reason) {
  const QueueSettings* queue = QueueOf(conversation);
  const bool wraps_up = queue != nullptr && queue->wrap_up != WrapUp::NONE;
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_state(wraps_up ? conversation::v1::STATE_WRAPPING : conversation::v1::STATE_RESOLVED);
  row.set_resolved_at_ms(step.now_ms);
  row.set_active_ms(step.now_ms - row.accepted_at_ms());
  row.set_reason(absl::StrCat("resolved by ", agent.name));
  StartReopenWindow(step, conversation, row);
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Resolved& resolved = *event.mutable_resolved();
    resolved.set_agent_id(agent.name);
    resolved.set_queue(row.queue());
    resolved.set_active_ms(row.active_ms());
    resolved.set_reason(reason);
  });
  if (!wraps_up) {
    EndWrapUp(state, step, conversation, {}, /*timed_out=*/false);
    return;
  }
  row.set_units(conversation.workspace->settings->ChannelOf(row.channel()).units_when_wrapping);
  const int64_t timeout_ms = queue->wrap_up_timeout_ms;
  row.set_wrap_up_until_ms(timeout_ms == 0 ? 0 : step.now_ms + timeout_ms);
  PublishWrapUpStarted(state, step, conversation);
  ReleaseAgent(state, step, conversation, agent);
}

void EndWrapUp(State& state, Step& step, Conversation& conversation,
               const std::vector<std::string>& codes, bool timed_out) {
  // Not from the placement: without wrap-up it is already RESOLVED here.
  Agent& agent = conversation.workspace->roster.Get(conversation.row->agent_id());
  v1::ConversationRow& row = state.Edit(conversation);
  const int64_t wrap_up_ms = step.now_ms - row.resolved_at_ms();
  row.set_state(conversation::v1::STATE_RESOLVED);
  row.clear_units();
  row.clear_wrap_up_until_ms();
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::WrapUpCompleted& completed = *event.mutable_wrap_up_completed();
    completed.set_agent_id(agent.name);
    completed.set_queue(row.queue());
    for (const std::string& code : codes) completed.add_codes(code);
    completed.set_timed_out(timed_out);
    completed.set_wrap_up_ms(wrap_up_ms);
    completed.set_active_ms(row.active_ms());
    completed.set_handle_ms(row.active_ms() + wrap_up_ms);
  });
  ReleaseAgent(state, step, conversation, agent);
}

void TimeOutWrapUp(State& state, Step& step, Conversation& conversation) {
  EndWrapUp(state, step, conversation, {kTimeoutCode}, /*timed_out=*/true);
}

void Reopen(State& state, Step& step, Conversation& conversation, const std::string& interaction_id,
            int64_t received_ms) {
  if (conversation.row->state() == conversation::v1::STATE_WRAPPING) {
    Step by_system = step.BySystem();
    EndWrapUp(state, by_system, conversation, {"REOPENED"}, /*timed_out=*/false);
  }
  v1::ConversationRow& row = state.Edit(conversation);
  const int64_t ended_ms = row.resolved_at_ms();
  row.set_state(conversation::v1::STATE_QUEUED);
  row.clear_ends_at_ms();
  row.clear_agent_id();
  row.clear_offer_id();
  row.clear_accepted_at_ms();
  row.clear_resolved_at_ms();
  row.clear_active_ms();
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Reopened& reopened = *event.mutable_reopened();
    reopened.set_interaction_id(interaction_id);
    *reopened.mutable_received_at() = ToTimestamp(received_ms);
    reopened.set_after_ms(step.now_ms - ended_ms);
  });
}

void Close(State& state, Step& step, Conversation& conversation, const std::string& reason) {
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_state(conversation::v1::STATE_CLOSED);
  row.set_reason(reason);
  row.set_ends_at_ms(step.now_ms + kClosedKeptMs);
  row.set_facts_pending(false);
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    event.mutable_closed()->set_reason(reason);
  });
  state.Sync(conversation);
  state.asks.Set(conversation, 0);
}

void TakeFromAgent(State& state, Step& step, Conversation& conversation) {
  const conversation::v1::State was = conversation.row->state();
  if (was == conversation::v1::STATE_OFFERED) {
    EndOffer(state, step, conversation, conversation::v1::OfferEnded::REASON_WITHDRAWN,
             "the agent was deleted");
  } else if (was == conversation::v1::STATE_WRAPPING) {
    EndWrapUp(state, step, conversation, {"AGENT_DELETED"}, /*timed_out=*/false);
  } else {
    TRAMA_CHECK(was == conversation::v1::STATE_ASSIGNED);
    v1::ConversationRow& row = state.Edit(conversation);
    row.clear_offer_id();
    row.clear_accepted_at_ms();
    EnterQueueAgain(state, step, conversation);
  }
}

absl::StatusOr<Conversation*> AssignedTo(State& state, const Agent& agent,
                                         const std::string& conversation_id) {
  Conversation* conversation = state.FindConversation(agent.workspace->name, conversation_id);
  if (conversation == nullptr) return UnknownConversation(conversation_id);
  const bool is_assigned = conversation->row->state() == conversation::v1::STATE_ASSIGNED;
  if (is_assigned && conversation->row->agent_id() != agent.name) {
    return NotYours(*conversation, agent.name);
  }
  if (!is_assigned) return WrongState(*conversation, "ASSIGNED to the agent");
  return conversation;
}

absl::StatusOr<ResponsePtr> Resolve(State& state, Step& step, Agent& agent,
                                    const v1::ResolveRequest& request) {
  absl::StatusOr<Conversation*> conversation = AssignedTo(state, agent, request.conversation_id());
  if (!conversation.ok()) return conversation.status();
  ResolveConversation(state, step, **conversation, agent, request.reason());
  auto response = std::make_shared<v1::ResolveResponse>();
  *response->mutable_conversation() = ViewOf(**conversation);
  return response;
}

absl::StatusOr<ResponsePtr> CompleteWrapUp(State& state, Step& step, Agent& agent,
                                           const v1::CompleteWrapUpRequest& request) {
  Conversation* conversation =
      state.FindConversation(agent.workspace->name, request.conversation_id());
  if (conversation == nullptr) return UnknownConversation(request.conversation_id());
  if (conversation->row->state() != conversation::v1::STATE_WRAPPING) {
    return WrongState(*conversation, "WRAPPING");
  }
  if (conversation->row->agent_id() != agent.name) return NotYours(*conversation, agent.name);
  if (absl::Status codes = CheckCodes(*conversation, request.codes()); !codes.ok()) return codes;
  EndWrapUp(state, step, *conversation, {request.codes().begin(), request.codes().end()},
            /*timed_out=*/false);
  auto response = std::make_shared<v1::CompleteWrapUpResponse>();
  *response->mutable_conversation() = ViewOf(*conversation);
  return response;
}

absl::StatusOr<ResponsePtr> Abandon(State& state, Step& step, const v1::AbandonRequest& request) {
  Conversation* conversation =
      state.FindConversation(request.workspace(), request.conversation_id());
  if (conversation == nullptr) return UnknownConversation(request.conversation_id());
  const conversation::v1::State was = conversation->row->state();
  if (was != conversation::v1::STATE_QUEUED && was != conversation::v1::STATE_OFFERED) {
    return WrongState(*conversation, "QUEUED or OFFERED");
  }
  if (was == conversation::v1::STATE_OFFERED) {
    EndOffer(state, step, *conversation, conversation::v1::OfferEnded::REASON_CANCELED,
             "the customer has left");
  }
  const QueueSettings* queue = QueueOf(*conversation);
  v1::ConversationRow& row = state.Edit(*conversation);
  const int64_t waited_ms = step.now_ms - row.enqueued_at_ms();
  row.set_state(conversation::v1::STATE_ABANDONED);
  row.set_resolved_at_ms(step.now_ms);
  row.set_reason("the customer has left");
  StartReopenWindow(step, *conversation, row);
  Publish(state, step, *conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Abandoned& abandoned = *event.mutable_abandoned();
    abandoned.set_queue(row.queue());
    abandoned.set_waited_ms(waited_ms);
    abandoned.set_is_short(queue != nullptr && waited_ms < queue->short_abandon_ms);
  });
  state.Sync(*conversation);
  auto response = std::make_shared<v1::AbandonResponse>();
  *response->mutable_conversation() = ViewOf(*conversation);
  return response;
}

}  // namespace trama::routing
