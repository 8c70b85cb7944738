#include "services/routing/views.h"

#include "services/routing/conversation_state.h"
#include "services/routing/publish.h"

namespace trama::routing {
namespace {

// Sets a Timestamp field unless the moment is 0.
template <typename Mutable>
void SetTime(int64_t unix_ms, Mutable mutable_field) {
  if (unix_ms != 0) *mutable_field() = ToTimestamp(unix_ms);
}

void SetTimes(const v1::ConversationRow& row, v1::Conversation& view) {
  SetTime(row.opened_at_ms(), [&] { return view.mutable_opened_at(); });
  SetTime(row.first_enqueued_at_ms(), [&] { return view.mutable_first_enqueued_at(); });
  SetTime(row.enqueued_at_ms(), [&] { return view.mutable_enqueued_at(); });
  SetTime(row.accepted_at_ms(), [&] { return view.mutable_accepted_at(); });
  SetTime(row.resolved_at_ms(), [&] { return view.mutable_resolved_at(); });
  SetTime(row.first_reply_at_ms(), [&] { return view.mutable_first_reply_at(); });
  SetTime(row.last_message_at_ms(), [&] { return view.mutable_last_message_at(); });
  SetTime(row.session_window_until_ms(), [&] { return view.mutable_session_window_until(); });
}

}  // namespace

v1::Conversation ViewOf(const Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  v1::Conversation view;
  view.set_conversation_id(row.conversation_id());
  view.set_workspace(row.workspace());
  view.set_channel(row.channel());
  view.set_channel_account(row.channel_account());
  view.set_state(row.state());
  view.set_customer_id(row.customer_id());
  if (conversation.identifier) *view.mutable_identifier() = *conversation.identifier;
  view.set_queue(row.queue());
  view.set_priority(row.priority());
  if (HoldsCapacity(row.state())) view.set_agent_id(row.agent_id());
  if (row.state() == conversation::v1::STATE_OFFERED) {
    view.set_offer_id(row.offer_id());
    *view.mutable_offer_expires_at() = ToTimestamp(row.offer_expires_at_ms());
  }
  SetTimes(row, view);
  view.set_inbound_count(row.inbound_count());
  view.set_reply_count(row.reply_count());
  view.set_facts_pending(row.facts_pending());
  for (const v1::Fact& fact : row.facts()) (*view.mutable_facts())[fact.name()] = fact.value();
  const Line* line = conversation.placement.line;
  if (line != nullptr && line->settings != nullptr) {
    for (const auto& [skill, proficiency] : line->settings->required_skills) {
      conversation::v1::RequiredSkill& required = *view.add_required_skills();
      required.set_skill(skill);
      required.set_proficiency_min(proficiency);
    }
  }
  view.set_reason(row.reason());
  view.set_sequence(row.sequence());
  view.set_traceparent(row.traceparent());
  return view;
}

v1::Agent ViewOf(const Agent& agent) {
  v1::Agent view;
  view.set_agent_id(agent.name);
  view.set_workspace(agent.workspace->name);
  view.set_presence(agent::v1::PRESENCE_OFFLINE);
  if (agent.settings != nullptr) {
    view.set_display_name(agent.settings->display_name);
    view.set_units_total(agent.settings->units);
    for (const auto& [skill, level] : agent.settings->skills) {
      (*view.mutable_skills())[skill] = level;
    }
  }
  if (agent.row != nullptr) {
    view.set_presence(static_cast<agent::v1::Presence>(agent.row->presence()));
    view.set_presence_reason(agent.row->reason());
    SetTime(agent.row->since_ms(), [&] { return view.mutable_presence_since(); });
    const bool is_idle = agent.is_available && !agent.HasLoad();
    SetTime(is_idle ? agent.row->idle_since_ms() : 0, [&] { return view.mutable_idle_since(); });
  }
  view.set_units_held(agent.units_held);
  for (const Conversation* held : agent.held) {
    ++(*view.mutable_held_by_channel())[held->row->channel()];
    view.add_conversation_ids(held->row->conversation_id());
  }
  return view;
}

v1::Queue ViewOf(const Workspace& workspace, const Line& line) {
  v1::Queue view;
  view.set_name(line.name);
  view.set_workspace(workspace.name);
  if (line.settings != nullptr) {
    view.set_display_name(line.settings->display_name);
    const Roster::Counts counts =
        workspace.roster.CountsOf(static_cast<size_t>(line.index), /*channel_class=*/0);
    view.set_agents_available(counts.available);
  } else {
    view.set_display_name(line.name.empty() ? "no queue takes these" : "deleted");
  }
  view.set_waiting(line.waiting_count);
  view.set_offered(line.offered_count);
  view.set_assigned(line.assigned_count);
  if (!line.enqueued_ms.empty()) {
    *view.mutable_oldest_enqueued_at() = ToTimestamp(*line.enqueued_ms.begin());
  }
  return view;
}

v1::Offer OfferOf(const Conversation& conversation) {
  v1::Offer offer;
  offer.set_offer_id(conversation.row->offer_id());
  *offer.mutable_expires_at() = ToTimestamp(conversation.row->offer_expires_at_ms());
  *offer.mutable_conversation() = ViewOf(conversation);
  return offer;
}

v1::AgentSnapshot SnapshotOf(const Agent& agent) {
  v1::AgentSnapshot snapshot;
  *snapshot.mutable_agent() = ViewOf(agent);
  for (const Conversation* held : agent.held) {
    if (held->row->state() == conversation::v1::STATE_OFFERED) {
      *snapshot.add_offers() = OfferOf(*held);
    } else {
      *snapshot.add_conversations() = ViewOf(*held);
    }
  }
  return snapshot;
}

}  // namespace trama::routing
