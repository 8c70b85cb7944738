#include "services/routing/offers.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/routing/publish.h"
#include "services/routing/questions.h"
#include "services/routing/queueing.h"
#include "services/routing/refusals.h"
#include "services/routing/views.h"

namespace trama::routing {
namespace {

using conversation::v1::OfferEnded;

constexpr int64_t kOfferTimeoutFallbackMs = 20'000;  // For a queue that was deleted meanwhile.

int64_t OfferTimeoutMs(const Conversation& conversation) {
  const Line* line = conversation.placement.line;
  return line == nullptr || line->settings == nullptr ? kOfferTimeoutFallbackMs
                                                      : line->settings->offer_timeout_ms;
}

void RememberEnd(v1::ConversationRow& row, OfferEnded::Reason reason) {
  auto& ended = *row.mutable_ended_offers();
  if (ended.size() >= kEndedOffersMax) ended.erase(ended.begin());
  v1::EndedOffer& offer = *ended.Add();
  offer.set_offer_id(row.offer_id());
  offer.set_reason(reason);
}

// What an agent is told whose offer is not open any more.
absl::Status WhatHappenedTo(const Conversation& conversation, const OfferId& id,
                            int64_t incarnation, const std::string& offer_id) {
  const v1::ConversationRow& row = *conversation.row;
  for (const v1::EndedOffer& ended : row.ended_offers()) {
    if (ended.offer_id() != offer_id) continue;
    if (ended.reason() == OfferEnded::REASON_TIMED_OUT) {
      return OfferRefusal("OFFER_ALREADY_TIMED_OUT",
                          "the offer was not answered in time and went back to the queue");
    }
    if (ended.reason() == OfferEnded::REASON_DECLINED) {
      return OfferRefusal("OFFER_WITHDRAWN", "the offer was declined before");
    }
    return OfferRefusal("OFFER_WITHDRAWN", "the offer was withdrawn before it was answered");
  }
  const bool has_holder = row.state() == conversation::v1::STATE_ASSIGNED ||
                          row.state() == conversation::v1::STATE_WRAPPING;
  if (has_holder && row.agent_id() != id.agent) {
    return OfferRefusal("OFFER_ACCEPTED_BY_OTHER", "somebody else has the conversation");
  }
  // Offers leave before their commit: one of an earlier owner may never have come about.
  if (id.incarnation < incarnation || id.sequence <= row.sequence()) {
    return OfferRefusal("OFFER_WITHDRAWN", "the offer does not stand any more");
  }
  return OfferRefusal("OFFER_UNKNOWN", absl::StrCat("offer \"", offer_id, "\" was never made"));
}

// The conversation whose open offer `offer_id` is, or why there is none. A deadline that has come
// counts, whether or not its tick was here.
absl::StatusOr<Conversation*> OpenOffer(State& state, Step& step, const Agent& agent,
                                        const std::string& offer_id) {
  OfferId id;
  if (!OfferId::Parse(offer_id, id)) {
    return OfferRefusal(
        "OFFER_UNKNOWN",
        absl::StrCat("\"", offer_id, "\" is no offer id; use the one of the offer"));
  }
  Conversation* conversation = state.FindConversation(agent.workspace->name, id.conversation_id);
  if (conversation == nullptr) {
    return OfferRefusal("OFFER_UNKNOWN", absl::StrCat("offer \"", offer_id, "\" was never made"));
  }
  if (id.agent != agent.name) return NotYours(*conversation, agent.name);
  const bool is_open = conversation->row->state() == conversation::v1::STATE_OFFERED &&
                       conversation->row->offer_id() == offer_id;
  if (!is_open) return WhatHappenedTo(*conversation, id, state.incarnation, offer_id);
  if (conversation->row->offer_expires_at_ms() <= step.now_ms) {
    Step by_system = step.BySystem();
    TimeOutOffer(state, by_system, *conversation);
    return WhatHappenedTo(*conversation, id, state.incarnation, offer_id);
  }
  return conversation;
}

void PublishAccepted(State& state, Step& step, Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Accepted& accepted = *event.mutable_accepted();
    accepted.set_offer_id(row.offer_id());
    accepted.set_agent_id(row.agent_id());
    accepted.set_queue(row.queue());
    accepted.set_waited_ms(step.now_ms - row.enqueued_at_ms());
    accepted.set_waited_from_first_ms(step.now_ms - row.first_enqueued_at_ms());
    accepted.set_priority(row.priority());
    *accepted.mutable_enqueued_at() = ToTimestamp(row.enqueued_at_ms());
    *accepted.mutable_first_enqueued_at() = ToTimestamp(row.first_enqueued_at_ms());
  });
}

ResponsePtr AcceptAnswer(const Conversation& conversation) {
  auto response = std::make_shared<v1::AcceptOfferResponse>();
  *response->mutable_conversation() = ViewOf(conversation);
  return response;
}

}  // namespace

std::string OfferId::ToString() const {
  return absl::StrCat(conversation_id, ".", sequence, ".", incarnation, ".", agent);
}

bool OfferId::Parse(const std::string& text, OfferId& id) {
  // The agent's name comes last, since it may hold dots itself.
  const size_t first = text.find('.');
  const size_t second = first == std::string::npos ? first : text.find('.', first + 1);
  const size_t third = second == std::string::npos ? second : text.find('.', second + 1);
  if (third == std::string::npos) return false;
  id.conversation_id = text.substr(0, first);
  id.agent = text.substr(third + 1);
  return absl::SimpleAtoi(text.substr(first + 1, second - first - 1), &id.sequence) &&
         absl::SimpleAtoi(text.substr(second + 1, third - second - 1), &id.incarnation);
}

void MakeOffer(State& state, Step& step, Conversation& conversation, Agent& agent,
               conversation::v1::Decision decision) {
  v1::ConversationRow& row = state.Edit(conversation);
  const OfferId id{row.conversation_id(), row.sequence() + 1, state.incarnation, agent.name};
  row.set_offer_expires_at_ms(step.now_ms + OfferTimeoutMs(conversation));
  row.set_state(conversation::v1::STATE_OFFERED);
  row.set_agent_id(agent.name);
  row.set_units(decision.units());
  row.set_offer_id(id.ToString());
  row.set_reason(absl::StrCat("offered to ", agent.name, ": ", decision.decided_by()));
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Offered& offered = *event.mutable_offered();
    offered.set_offer_id(row.offer_id());
    offered.set_agent_id(agent.name);
    offered.set_queue(row.queue());
    *offered.mutable_expires_at() = ToTimestamp(row.offer_expires_at_ms());
    *offered.mutable_decision() = decision;
  });
  state.Sync(conversation);
  AskSoon(state, step, conversation);  // Whoever accepts it wants to answer.

  v1::AgentUpdate update;
  *update.mutable_offer() = OfferOf(conversation);
  *update.mutable_offer()->mutable_decision() = std::move(decision);
  Tell(step, agent, std::move(update), /*is_proposal=*/true);
}

void EndOffer(State& state, Step& step, Conversation& conversation, OfferEnded::Reason reason,
              const std::string& detail) {
  TRAMA_CHECK(conversation.row->state() == conversation::v1::STATE_OFFERED);
  Agent& agent = *conversation.placement.holder;
  v1::ConversationRow& row = state.Edit(conversation);
  const bool was_his_doing =
      reason == OfferEnded::REASON_DECLINED || reason == OfferEnded::REASON_TIMED_OUT;
  const int64_t excluded_until =
      was_his_doing ? step.now_ms + conversation.workspace->settings->exclusion_ms : 0;
  // Those that ended during the offer had no wake.
  DropEndedExclusions(row, step.now_ms);
  if (was_his_doing) Exclude(row, agent.name, excluded_until);
  RememberEnd(row, reason);
  const std::string offer_id = row.offer_id();
  row.set_state(conversation::v1::STATE_QUEUED);
  row.set_reason(
      absl::StrCat("offer to ", agent.name, " ended: ", OfferEnded::Reason_Name(reason)));
  row.clear_agent_id();
  row.clear_units();
  row.clear_offer_id();
  row.clear_offer_expires_at_ms();
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    OfferEnded& ended = *event.mutable_offer_ended();
    ended.set_offer_id(offer_id);
    ended.set_agent_id(agent.name);
    ended.set_reason(reason);
    ended.set_detail(detail);
    if (was_his_doing) *ended.mutable_excluded_until() = ToTimestamp(excluded_until);
    ended.set_queue(row.queue());
  });
  v1::AgentUpdate update;
  update.mutable_offer_over()->set_offer_id(offer_id);
  update.mutable_offer_over()->set_conversation_id(row.conversation_id());
  update.mutable_offer_over()->set_reason(reason);
  Tell(step, agent, std::move(update));

  if (reason == OfferEnded::REASON_CANCELED) return;
  state.Sync(conversation);
  const bool queue_is_gone = conversation.placement.line->settings == nullptr;
  if (row.queue_in_doubt() || queue_is_gone) ChooseQueueAgain(state, step, conversation);
}

void WithdrawOffers(State& state, Step& step, Agent& agent, const std::string& detail) {
  std::vector<Conversation*> offered;
  for (Conversation* held : agent.held) {
    if (held->row->state() == conversation::v1::STATE_OFFERED) offered.push_back(held);
  }
  Step by_system = step.BySystem();
  for (Conversation* conversation : offered) {
    EndOffer(state, by_system, *conversation, OfferEnded::REASON_WITHDRAWN, detail);
  }
}

void TimeOutOffer(State& state, Step& step, Conversation& conversation) {
  Agent& agent = *conversation.placement.holder;
  EndOffer(state, step, conversation, OfferEnded::REASON_TIMED_OUT, "");
  // Whoever does not answer goes to the end of the line, or he would hold up everybody's work.
  if (agent.row == nullptr) return;
  state.Edit(agent).set_idle_since_ms(step.now_ms);
  state.Refresh(agent);
}

void ProlongOffers(State& state, Step& step) {
  for (const auto& [workspace_name, workspace] : state.workspaces()) {
    for (const auto& [agent_name, agent] : workspace->roster.agents()) {
      for (Conversation* held : agent->held) {
        if (held->row->state() != conversation::v1::STATE_OFFERED) continue;
        state.Edit(*held).set_offer_expires_at_ms(step.now_ms + OfferTimeoutMs(*held));
        state.Sync(*held);
        v1::AgentUpdate update;
        *update.mutable_offer() = OfferOf(*held);
        Tell(step, *agent, std::move(update));
      }
    }
  }
}

absl::StatusOr<ResponsePtr> AcceptOffer(State& state, Step& step, Agent& agent,
                                        const v1::AcceptOfferRequest& request) {
  OfferId id;
  if (OfferId::Parse(request.offer_id(), id)) {
    const Conversation* has = state.FindConversation(agent.workspace->name, id.conversation_id);
    const bool is_his = has != nullptr && has->row->offer_id() == request.offer_id() &&
                        has->row->state() == conversation::v1::STATE_ASSIGNED;
    // He has it already: his client has lost the first answer and asks with a new command id.
    if (is_his && id.agent == agent.name) return AcceptAnswer(*has);
  }
  absl::StatusOr<Conversation*> open = OpenOffer(state, step, agent, request.offer_id());
  if (!open.ok()) return open.status();
  Conversation& conversation = **open;
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_state(conversation::v1::STATE_ASSIGNED);
  row.set_accepted_at_ms(step.now_ms);
  row.clear_offer_expires_at_ms();
  row.clear_exclusions();
  row.set_reason(absl::StrCat("accepted by ", agent.name));
  PublishAccepted(state, step, conversation);
  state.Edit(agent).set_last_accepted_at_ms(step.now_ms);
  state.Sync(conversation);
  PublishLoad(state, step, agent, row.conversation_id());

  v1::AgentUpdate update;
  *update.mutable_conversation() = ViewOf(conversation);
  Tell(step, agent, std::move(update));
  return AcceptAnswer(conversation);
}

absl::StatusOr<ResponsePtr> DeclineOffer(State& state, Step& step, Agent& agent,
                                         const v1::DeclineOfferRequest& request) {
  absl::StatusOr<Conversation*> open = OpenOffer(state, step, agent, request.offer_id());
  if (!open.ok()) return open.status();
  EndOffer(state, step, **open, OfferEnded::REASON_DECLINED, request.reason());
  return std::make_shared<v1::DeclineOfferResponse>();
}

}  // namespace trama::routing
