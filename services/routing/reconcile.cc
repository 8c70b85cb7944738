#include "services/routing/reconcile.h"

#include <string>
#include <utility>
#include <vector>

#include "services/kernel/resources/resources.h"
#include "services/kernel/strings.h"
#include "services/routing/conversation_state.h"
#include "services/routing/life.h"
#include "services/routing/offers.h"
#include "services/routing/presence.h"
#include "services/routing/publish.h"
#include "services/routing/queueing.h"

namespace trama::routing {
namespace {

using config::v1::Resource;

bool ConcernsRouting(const Resource& resource) {
  return resource.has_workspace() || resource.has_queue() || resource.has_agent() ||
         resource.has_wrap_up_code();
}

absl::btree_set<std::string> WorkspacesAt(const config::v1::Snapshot& snapshot, int32_t partition) {
  absl::btree_set<std::string> names;
  for (const Resource& resource : snapshot.resources()) {
    if (resource.has_workspace() && resource.workspace().has_partition() &&
        resource.workspace().partition() == partition) {
      names.insert(resource.metadata().name());
    }
  }
  return names;
}

// Brings the rows to what the snapshot says; returns the workspaces in which something differs.
absl::btree_set<std::string> TakeResources(State& state, const config::v1::Snapshot& snapshot) {
  const absl::btree_set<std::string> mine = WorkspacesAt(snapshot, state.partition);
  absl::btree_set<std::string> changed;
  absl::btree_set<std::string> keys;
  for (const Resource& resource : snapshot.resources()) {
    const std::string& workspace = WorkspaceNameOf(resource);
    if (!mine.contains(workspace) || !ConcernsRouting(resource)) continue;
    const std::string key = ResourceKey(resource);
    keys.insert(key);
    const Resource* before = state.resources.Find(key);
    if (before != nullptr && SerializeSame(*before) == SerializeSame(resource)) continue;
    state.resources.Put(key) = resource;
    changed.insert(workspace);
  }
  std::vector<std::string> gone;
  for (const auto& [key, resource] : state.resources.InKeyOrder()) {
    if (keys.contains(ToAbsl(key))) continue;
    gone.emplace_back(key);
    changed.insert(WorkspaceNameOf(*resource));
  }
  for (const std::string& key : gone) state.resources.Erase(key);
  return changed;
}

// An agent who is gone, or an offer that his configuration does not allow any more.
bool IsDoubtful(const Agent& agent) {
  if (agent.settings == nullptr) return true;
  for (const Conversation* held : agent.held) {
    if (held->row->state() == conversation::v1::STATE_OFFERED &&
        !Roster::Qualifies(agent, held->placement.line->index)) {
      return true;
    }
  }
  return false;
}

void NoteDoubts(State& state, Workspace& workspace) {
  for (const auto& [name, agent] : workspace.roster.agents()) {
    if (IsDoubtful(*agent)) state.doubtful_agents[agent->key] = agent.get();
  }
  workspace.lines.ForEach([&](Line& line) {
    if (line.settings != nullptr) return;
    for (const auto& waiting : line.waiting) {
      for (const LinePlace& place : waiting) {
        state.doubtful_conversations.insert(place.conversation);
      }
    }
  });
}

void SettleDeleted(State& state, Step& step, Agent& agent) {
  const std::vector<Conversation*> held(agent.held.begin(), agent.held.end());
  for (Conversation* conversation : held) TakeFromAgent(state, step, *conversation);
  ChangePresence(state, step, agent, agent::v1::PRESENCE_OFFLINE, "deleted");
  if (!held.empty()) PublishLoad(state, step, agent, "");
  state.ForgetAgent(agent);
}

void Settle(State& state, Step& step, Agent& agent) {
  if (agent.settings == nullptr) {
    SettleDeleted(state, step, agent);
    return;
  }
  const std::vector<Conversation*> held(agent.held.begin(), agent.held.end());
  for (Conversation* conversation : held) {
    if (conversation->row->state() != conversation::v1::STATE_OFFERED) continue;
    if (Roster::Qualifies(agent, conversation->placement.line->index)) continue;
    EndOffer(state, step, *conversation, conversation::v1::OfferEnded::REASON_WITHDRAWN,
             "the configuration has changed");
  }
}

// Somebody whose units were cut below what he holds: the limit is exceeded, and this says why.
void TellOverCapacity(State& state, Step& step, Workspace& workspace) {
  for (const auto& [name, agent] : workspace.roster.agents()) {
    if (agent->settings != nullptr && agent->units_held > agent->settings->units) {
      PublishLoad(state, step, *agent, "");
    }
  }
}

}  // namespace

void OnRevision(State& state, Step& step, const ConfigRevision& revision) {
  if (state.config_revision() >= revision.revision) return;
  const auto& snapshot = static_cast<const config::v1::Snapshot&>(*revision.snapshot);
  const absl::btree_set<std::string> changed = TakeResources(state, snapshot);
  state.meta.Put(kConfigRowKey).set_revision(revision.revision);
  for (const std::string& name : changed) state.WorkspaceOf(name);
  state.Configure(changed);
  for (const std::string& name : changed) {
    Workspace& workspace = state.WorkspaceOf(name);
    NoteDoubts(state, workspace);
    RetimeSilences(state, workspace);
    TellOverCapacity(state, step, workspace);
  }
}

void NoteDoubts(State& state) {
  for (const auto& [name, workspace] : state.workspaces()) NoteDoubts(state, *workspace);
}

void SettleDoubts(State& state, Step& step) {
  if (state.doubtful_agents.empty() && state.doubtful_conversations.empty()) return;
  Step by_system = step.BySystem();
  size_t left = kReconciledPerInputMax;
  for (; left > 0 && !state.doubtful_agents.empty(); --left) {
    Agent& agent = *state.doubtful_agents.begin()->second;
    state.doubtful_agents.erase(state.doubtful_agents.begin());
    Settle(state, by_system, agent);
  }
  for (; left > 0 && !state.doubtful_conversations.empty(); --left) {
    Conversation& conversation = **state.doubtful_conversations.begin();
    state.doubtful_conversations.erase(state.doubtful_conversations.begin());
    ChooseQueueAgain(state, by_system, conversation);
  }
}

}  // namespace trama::routing
