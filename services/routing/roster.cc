#include "services/routing/roster.h"

#include <bit>

#include "services/kernel/check.h"
#include "services/routing/workspace.h"
#include "trama/agent/v1/agent_events.pb.h"

namespace trama::routing {

void Roster::Configure(const WorkspaceSettings& settings,
                       const std::vector<ChannelSettings>& classes) {
  classes_ = classes;
  for (const auto& [name, agent] : settings.agents) Get(name);
  ready_.clear();
  hungry_.clear();
  counts_.assign(settings.queues.size(), {});
  configured_count_ = static_cast<int32_t>(settings.agents.size());
  int32_t rank = 0;
  for (const auto& [name, agent] : agents_) {
    const auto it = settings.agents.find(name);
    agent->settings = it == settings.agents.end() ? nullptr : &it->second;
    agent->rank = rank++;
    agent->room = 0;
    agent->is_available = false;
    agent->queues.Reset(settings.queues.size());
    if (agent->settings == nullptr) continue;
    for (size_t q = 0; q < settings.queues.size(); ++q) {
      const QueueSettings& queue = settings.queues[q];
      if (!agent->settings->Serves(queue)) continue;
      ++counts_[q].serving;
      if (!agent->settings->HasSkillsFor(queue)) continue;
      ++counts_[q].skilled;
      agent->queues.Set(q, true);
    }
  }
  for (const auto& [name, agent] : agents_) Refresh(*agent);
}

void Roster::AddClass(const ChannelSettings& channel) {
  classes_.push_back(channel);
  for (const auto& [name, agent] : agents_) Refresh(*agent);
}

Agent& Roster::Get(std::string_view name) {
  if (Agent* agent = Find(name)) return *agent;
  auto agent = std::make_unique<Agent>();
  agent->name = std::string(name);
  agent->key = workspace_.name + "/" + agent->name;
  agent->workspace = &workspace_;
  // Before the next Configure it has no rank of its own, and no room either.
  return *agents_.emplace(agent->name, std::move(agent)).first->second;
}

Agent* Roster::Find(std::string_view name) const {
  const auto it = agents_.find(name);
  return it == agents_.end() ? nullptr : it->second.get();
}

void Roster::Forget(Agent& agent) {
  TRAMA_CHECK(agent.held.empty() && agent.settings == nullptr && agent.room == 0);
  agents_.erase(agent.name);
}

void Roster::Hold(Agent& agent, Conversation& conversation, int32_t units) {
  TRAMA_CHECK(agent.held.insert(&conversation).second);
  agent.units_held += units;
  ++agent.held_by_class[conversation.channel_class];
}

void Roster::Release(Agent& agent, Conversation& conversation, int32_t units) {
  TRAMA_CHECK(agent.held.erase(&conversation) == 1);
  agent.units_held -= units;
  --agent.held_by_class[conversation.channel_class];
}

uint32_t Roster::RoomOf(const Agent& agent) const {
  if (agent.settings == nullptr || !agent.is_available) return 0;
  uint32_t room = 0;
  for (size_t c = 0; c < classes_.size(); ++c) {
    const bool fits = agent.units_held + classes_[c].units <= agent.settings->units;
    const int32_t count_max = classes_[c].count_max;
    if (fits && (count_max == 0 || agent.held_by_class[c] < count_max)) room |= uint32_t{1} << c;
  }
  return room;
}

void Roster::CountIn(const Agent& agent, int32_t sign) {
  if (!agent.is_available) return;
  agent.queues.ForEach([&](size_t q) {
    counts_[q].available += sign;
    for (uint32_t room = agent.room; room != 0; room &= room - 1) {
      counts_[q].with_room[std::countr_zero(room)] += sign;
    }
  });
}

void Roster::Refresh(Agent& agent) {
  const bool was_available = agent.is_available;
  const uint32_t had_room = agent.room;
  const bool was_hungry = had_room != 0 && hungry_.erase(agent.ready) > 0;
  if (had_room != 0) ready_.erase(agent.ready);

  const bool is_available = agent.settings != nullptr && agent.row != nullptr &&
                            agent.row->presence() == agent::v1::PRESENCE_AVAILABLE;
  agent.is_available = is_available;
  const uint32_t room = RoomOf(agent);
  if (room != had_room || is_available != was_available) {
    agent.is_available = was_available;
    CountIn(agent, -1);
    agent.is_available = is_available;
    agent.room = room;
    CountIn(agent, 1);
  }
  if (room == 0) return;

  const int64_t since =
      agent.units_held == 0 ? agent.row->idle_since_ms() : agent.row->last_accepted_at_ms();
  agent.ready = {agent.units_held, since, agent.rank, &agent};
  ready_.insert(agent.ready);
  const bool has_more_room = (room & ~had_room) != 0;
  if (was_hungry || has_more_room) hungry_.insert(agent.ready);
}

Roster::Counts Roster::CountsOf(size_t queue, int channel_class) const {
  const QueueCounts& counts = counts_[queue];
  return {.agents = configured_count_,
          .serving = counts.serving,
          .skilled = counts.skilled,
          .available = counts.available,
          .with_room = counts.with_room[channel_class]};
}

}  // namespace trama::routing
