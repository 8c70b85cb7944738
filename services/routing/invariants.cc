#include <algorithm>

#include "services/kernel/check.h"
#include "services/kernel/key_hash.h"
#include "services/routing/conversation_state.h"
#include "services/routing/queueing.h"
#include "services/routing/state.h"

// The promises of State, looked at from the rows alone wherever that is possible. The five
// invariants of domain.md B2: one holder (1), capacity (2), nobody starves (4), what is freed is
// used in the same step (5). The third, typed answers, is the business of tests.
namespace trama::routing {
namespace {

void CheckConversation(const Conversation& conversation, const v1::ConversationRow& row) {
  const Placement& placement = conversation.placement;
  TRAMA_CHECK(conversation.key == RowKey(row.workspace(), row.conversation_id()));
  TRAMA_CHECK(placement.state == row.state());
  TRAMA_CHECK(row.sequence() > 0);
  const bool holds = HoldsCapacity(row.state());
  TRAMA_CHECK(holds == (placement.holder != nullptr));
  TRAMA_CHECK(holds == !row.agent_id().empty() || IsEnding(row.state()) ||
              row.state() == conversation::v1::STATE_CLOSED);
  if (holds) {
    TRAMA_CHECK(placement.holder->name == row.agent_id());
    TRAMA_CHECK(placement.holder->held.contains(const_cast<Conversation*>(&conversation)));
    TRAMA_CHECK(placement.units == row.units());
  }
  if (row.state() == conversation::v1::STATE_QUEUED) {
    TRAMA_CHECK(placement.line->name == row.queue());
    TRAMA_CHECK(placement.line->waiting[conversation.channel_class].contains(placement.place));
    TRAMA_CHECK(row.first_enqueued_at_ms() != 0 && row.enqueued_at_ms() != 0);
  }
  if (row.state() == conversation::v1::STATE_OFFERED) {
    TRAMA_CHECK(!row.offer_id().empty() && row.offer_expires_at_ms() != 0);
  }
  TRAMA_CHECK(conversation.hash == KeyHash(conversation.key));
  TRAMA_CHECK(conversation.closes_ms == ClosesAtMs(row));
  TRAMA_CHECK(conversation.wakes_ms == WakesAtMs(row));
  TRAMA_CHECK((conversation.over_rank != 0) == MayRest(row));
}

void CheckAgent(const Agent& agent) {
  int32_t units = 0;
  std::array<int32_t, kChannelClassesMax> by_class{};
  for (const Conversation* held : agent.held) {
    TRAMA_CHECK(held->row->agent_id() == agent.name && HoldsCapacity(held->row->state()));
    units += held->row->units();
    ++by_class[held->channel_class];
  }
  TRAMA_CHECK(units == agent.units_held && by_class == agent.held_by_class);
  TRAMA_CHECK(agent.room == 0 || agent.is_available);
  TRAMA_CHECK((agent.room != 0) == agent.workspace->roster.ready().contains(agent.ready) ||
              agent.room == 0);
}

// Capacity and offers only go to who may have them.
void CheckOffered(const Agent& agent) {
  if (agent.settings == nullptr) return;
  for (const Conversation* held : agent.held) {
    if (held->row->state() != conversation::v1::STATE_OFFERED) continue;
    TRAMA_CHECK(agent.is_available);
    TRAMA_CHECK(Roster::Qualifies(agent, held->placement.line->index));
  }
}

// Every queued conversation waits for something that can come: nobody who suits has room now.
void CheckNobodyStarves(const Workspace& workspace, const Conversation& conversation) {
  if (conversation.placement.state != conversation::v1::STATE_QUEUED) return;
  const Line& line = *conversation.placement.line;
  if (line.index < 0) return;  // Waits for the configuration.
  for (const ReadyPlace& ready : workspace.roster.ready()) {
    const bool suits =
        Roster::CanTake(*ready.agent, static_cast<size_t>(line.index), conversation.channel_class);
    TRAMA_CHECK(!suits || IsExcluded(*conversation.row, ready.agent->name));
  }
}

void CheckCounts(const Workspace& workspace) {
  for (size_t q = 0; q < workspace.settings->queues.size(); ++q) {
    for (size_t c = 0; c < workspace.channels.size(); ++c) {
      Roster::Counts counted;
      const QueueSettings& queue = workspace.settings->queues[q];
      for (const auto& [name, agent] : workspace.roster.agents()) {
        if (agent->settings == nullptr) continue;
        ++counted.agents;
        if (!agent->settings->Serves(queue)) continue;
        ++counted.serving;
        if (!agent->settings->HasSkillsFor(queue)) continue;
        ++counted.skilled;
        if (!agent->is_available) continue;
        ++counted.available;
        if (Roster::HasRoom(*agent, static_cast<int>(c))) ++counted.with_room;
      }
      TRAMA_CHECK(counted == workspace.roster.CountsOf(q, static_cast<int>(c)));
    }
  }
}

}  // namespace

void State::CheckInvariants() const {
  int asking = 0;
  for (const auto& [key, conversation] : awake_) {
    // The others in CheckAtRest: to look at them here would make all alike.
    if (conversation->row.is_at_hand()) CheckConversation(*conversation, *conversation->row);
    if (conversation->asking) ++asking;
  }
  TRAMA_CHECK(asking == questions_in_flight);
  for (const auto& [name, workspace] : workspaces_) {
    for (const auto& [agent_name, agent] : workspace->roster.agents()) {
      CheckAgent(*agent);
      if (doubtful_agents.empty()) CheckOffered(*agent);
    }
    CheckCounts(*workspace);
  }
  if (HasUrgentWork()) return;
  for (const auto& [key, conversation] : awake_) {
    CheckNobodyStarves(*conversation->workspace, *conversation);
  }
}

void State::CheckAtRest() const {
  size_t wakes_count = 0;
  size_t closes_count = 0;
  size_t names = 0;
  size_t awake_count = 0;
  conversation_rows_.ForEach([&](const std::string& key, const v1::ConversationRow& row) {
    const uint64_t hash = KeyHash(key);
    const auto awake = awake_.find(key);
    if (awake == awake_.end()) {
      TRAMA_CHECK(MayRest(row));
    } else {
      const Conversation& conversation = *awake->second;
      TRAMA_CHECK(conversation.row.is_at_hand() ? &*conversation.row == &row : OnlyWaits(row));
      CheckConversation(conversation, row);
      ++awake_count;
    }
    TRAMA_CHECK(WakesAtMs(row) == 0 || wakes.CountOf(hash, WakesAtMs(row)) > 0);
    TRAMA_CHECK(ClosesAtMs(row) == 0 || closes.CountOf(hash, ClosesAtMs(row)) > 0);
    if (WakesAtMs(row) != 0) ++wakes_count;
    if (ClosesAtMs(row) != 0) ++closes_count;
    names += static_cast<size_t>(row.thread_keys_size() + row.vendor_message_ids_size());
  });
  TRAMA_CHECK(awake_count == awake_.size());
  TRAMA_CHECK(wakes_count == wakes.size() && closes_count == closes.size());
  TRAMA_CHECK(names == threads.size());
}

}  // namespace trama::routing
