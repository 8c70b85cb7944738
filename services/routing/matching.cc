#include "services/routing/matching.h"

#include <algorithm>

#include "services/kernel/check.h"
#include "services/routing/offers.h"
#include "services/routing/queueing.h"

namespace trama::routing {
namespace {

// A possible pair: the conversation's queue, and what is asked of an agent.
struct Wanted {
  Conversation& conversation;
  size_t queue;
  int channel_class;
  int64_t now_ms;

  bool Suits(const Agent& agent) const {
    return Roster::CanTake(agent, queue, channel_class) &&
           !IsExcluded(*conversation.row, agent.name);
  }
};

Wanted WantedBy(Conversation& conversation, int64_t now_ms) {
  return {conversation, static_cast<size_t>(conversation.placement.line->index),
          conversation.channel_class, now_ms};
}

int32_t ExcludedCount(const Workspace& workspace, const Wanted& wanted) {
  const auto& exclusions = wanted.conversation.row->exclusions();
  return static_cast<int32_t>(
      std::count_if(exclusions.begin(), exclusions.end(), [&](const v1::Exclusion& exclusion) {
        const Agent* agent = workspace.roster.Find(exclusion.agent_id());
        return agent != nullptr && Roster::CanTake(*agent, wanted.queue, wanted.channel_class);
      }));
}

// The first agent after `from` in the order that suits.
Agent* NextSuitable(const absl::btree_set<ReadyPlace>& ready,
                    absl::btree_set<ReadyPlace>::const_iterator from, const Wanted& wanted) {
  for (auto it = from; it != ready.end(); ++it) {
    if (wanted.Suits(*it->agent)) return it->agent;
  }
  return nullptr;
}

// The key of the order by which `chosen` stands before `next`.
const char* DecidingKey(const ReadyPlace& chosen, const ReadyPlace& next) {
  if (chosen.units_held != next.units_held) return "least_loaded";
  if (chosen.since_ms == next.since_ms) return "name";
  return chosen.units_held == 0 ? "longest_idle" : "longest_since_accept";
}

// Why `agent` gets it: how many were out for which reason, and what decided between the rest.
conversation::v1::Decision Explain(const Workspace& workspace, const Wanted& wanted,
                                   const Agent& agent, int64_t config_revision) {
  const Roster::Counts counts = workspace.roster.CountsOf(wanted.queue, wanted.channel_class);
  const int32_t excluded = ExcludedCount(workspace, wanted);
  conversation::v1::Decision decision;
  decision.set_considered(counts.agents);
  const auto out = [&](const char* reason, int32_t count) {
    if (count != 0) (*decision.mutable_excluded_by_reason())[reason] = count;
  };
  out("queue", counts.agents - counts.serving);
  out("skill", counts.serving - counts.skilled);
  out("not_available", counts.skilled - counts.available);
  out("capacity", counts.available - counts.with_room);
  out("excluded", excluded);

  if (counts.with_room - excluded <= 1) {
    decision.set_decided_by("only_candidate");
  } else {
    const auto& ready = workspace.roster.ready();
    const Agent* next = NextSuitable(ready, ready.upper_bound(agent.ready), wanted);
    TRAMA_CHECK(next != nullptr);
    decision.set_decided_by(DecidingKey(agent.ready, next->ready));
  }
  if (agent.units_held == 0) decision.set_idle_ms(wanted.now_ms - agent.ready.since_ms);
  const Placement& placement = wanted.conversation.placement;
  decision.set_units(workspace.settings->ChannelOf(wanted.conversation.row->channel()).units);
  decision.set_position(Lines::Position(*placement.line, placement.place));
  decision.set_score(placement.place.score);
  decision.set_config_revision(config_revision);
  return decision;
}

// The first agent who suits, null when there is none.
Agent* AgentFor(const Workspace& workspace, const Wanted& wanted) {
  // Nobody with room is the common case when much waits: no need to look.
  const Roster::Counts counts = workspace.roster.CountsOf(wanted.queue, wanted.channel_class);
  if (counts.with_room == 0 || counts.with_room <= ExcludedCount(workspace, wanted)) return nullptr;
  const auto& ready = workspace.roster.ready();
  return NextSuitable(ready, ready.begin(), wanted);
}

// The conversation with the lowest score that the agent may be asked for, null when there is none.
Conversation* WorkFor(Workspace& workspace, const Agent& agent) {
  const LinePlace* best = nullptr;
  for (size_t c = 0; c < workspace.channels.size(); ++c) {
    const int channel_class = static_cast<int>(c);
    if (!Roster::HasRoom(agent, channel_class)) continue;
    Bits::ForEachCommon(agent.queues, workspace.lines.BusyQueues(channel_class), [&](size_t q) {
      for (const LinePlace& place : workspace.lines.At(q).waiting[c]) {
        if (best != nullptr && !(place < *best)) break;
        if (IsExcluded(*place.conversation->row, agent.name)) continue;
        best = &place;
        break;
      }
    });
  }
  return best == nullptr ? nullptr : best->conversation;
}

void Offer(State& state, Step& step, Workspace& workspace, Conversation& conversation,
           Agent& agent) {
  const Wanted wanted = WantedBy(conversation, step.now_ms);
  MakeOffer(state, step, conversation, agent,
            Explain(workspace, wanted, agent, state.config_revision()));
}

// Follows from a conversation to its agent to his work and so on, until the two are each other's
// first choice. It ends, because each conversation is before the one it started from.
void OfferStablePair(State& state, Step& step, Workspace& workspace, Conversation& start) {
  Conversation* conversation = &start;
  while (true) {
    Agent* agent = AgentFor(workspace, WantedBy(*conversation, step.now_ms));
    TRAMA_CHECK(agent != nullptr);
    Conversation* first = WorkFor(workspace, *agent);
    TRAMA_CHECK(first != nullptr);
    if (first == conversation) return Offer(state, step, workspace, *conversation, *agent);
    conversation = first;
  }
}

// One look at an agent who has got room, or, when there is none, at a conversation that has come.
//
// Between the looks this holds: work that is not fresh suits nobody but hungry agents. So without
// fresh work the first of the hungry ones and his first work are each other's first choice; and
// without hungry agents the first fresh work and its agent are.
void MatchOne(State& state, Step& step, Workspace& workspace) {
  if (!workspace.roster.hungry().empty()) {
    Agent& agent = *workspace.roster.hungry().begin()->agent;
    Conversation* conversation = WorkFor(workspace, agent);
    if (conversation == nullptr) return workspace.roster.Feed(agent);
    if (workspace.fresh.empty()) return Offer(state, step, workspace, *conversation, agent);
    return OfferStablePair(state, step, workspace, *conversation);
  }
  Conversation& conversation = *workspace.fresh.begin()->conversation;
  if (Agent* agent = AgentFor(workspace, WantedBy(conversation, step.now_ms))) {
    return Offer(state, step, workspace, conversation, *agent);
  }
  workspace.fresh.erase(workspace.fresh.begin());
}

}  // namespace

void Match(State& state, Step& step) {
  if (state.NextToMatch() == nullptr) return;
  Step by_system = step.BySystem();
  for (size_t left = kMatchesPerInputMax; left > 0; --left) {
    Workspace* workspace = state.NextToMatch();
    if (workspace == nullptr) return;
    MatchOne(state, by_system, *workspace);
  }
  state.NextToMatch();  // So that HasUrgentWork() is exact.
}

}  // namespace trama::routing
