#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/routing/model.h"
#include "services/routing/settings.h"

namespace trama::routing {

// The agents of a workspace: who may do which queue's work, who has room, and in which order they
// are asked. The order is total: fewest units held; among those with none the longest idle, among
// others who has waited longest since he last accepted; then by name.
class Roster {
 public:
  // How many agents are left after each question, for one queue and channel class. Kept up to date,
  // so that a decision can be explained without looking at every agent again.
  struct Counts {
    int32_t agents = 0;     // Of the workspace.
    int32_t serving = 0;    // Of those, who serve the queue.
    int32_t skilled = 0;    // Of those, who have its skills.
    int32_t available = 0;  // Of those, who are available.
    int32_t with_room = 0;  // Of those, who have room for the channel.

    friend bool operator==(const Counts&, const Counts&) = default;
  };

  explicit Roster(Workspace& workspace) : workspace_(workspace) {}

  // Takes in new settings; everybody who has room becomes hungry. `classes`: in use.
  void Configure(const WorkspaceSettings& settings, const std::vector<ChannelSettings>& classes);

  // One more channel class, the next number: everybody may have room for it.
  void AddClass(const ChannelSettings& channel);

  // The agent of that name, made if need be; may be unknown to the configuration.
  Agent& Get(std::string_view name);
  Agent* Find(std::string_view name) const;
  void Forget(Agent& agent);
  const absl::btree_map<std::string, std::unique_ptr<Agent>, std::less<>>& agents() const {
    return agents_;
  }

  void Hold(Agent& agent, Conversation& conversation, int32_t units);
  void Release(Agent& agent, Conversation& conversation, int32_t units);

  // To be called when presence or times in his row have changed.
  void Refresh(Agent& agent);

  // Those who have room for some channel, in the order in which they are asked.
  const absl::btree_set<ReadyPlace>& ready() const { return ready_; }
  // Those of them who have got room for more and have not been looked at since.
  const absl::btree_set<ReadyPlace>& hungry() const { return hungry_; }
  void Feed(Agent& agent) { hungry_.erase(agent.ready); }

  Counts CountsOf(size_t queue, int channel_class) const;

  static bool HasRoom(const Agent& agent, int channel_class) {
    return (agent.room >> channel_class & 1) != 0;
  }
  // Available, serves the queue, skilled, with room.
  static bool CanTake(const Agent& agent, size_t queue, int channel_class) {
    return HasRoom(agent, channel_class) && agent.queues.Has(queue);
  }
  // May he be asked for that queue's work at all?
  static bool Qualifies(const Agent& agent, int queue) {
    return queue >= 0 && agent.queues.Has(static_cast<size_t>(queue));
  }

 private:
  struct QueueCounts {
    int32_t serving = 0;
    int32_t skilled = 0;
    int32_t available = 0;
    std::array<int32_t, kChannelClassesMax> with_room{};
  };

  uint32_t RoomOf(const Agent& agent) const;
  void CountIn(const Agent& agent, int32_t sign);

  Workspace& workspace_;
  std::vector<ChannelSettings> classes_;
  absl::btree_map<std::string, std::unique_ptr<Agent>, std::less<>> agents_;
  int32_t configured_count_ = 0;
  std::vector<QueueCounts> counts_;  // By queue index.
  absl::btree_set<ReadyPlace> ready_;
  absl::btree_set<ReadyPlace> hungry_;
};

}  // namespace trama::routing
