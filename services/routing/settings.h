#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/routing/condition.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::routing {

struct ChannelSettings {
  int32_t units = 25;
  int32_t count_max = 0;  // 0: none.
  int32_t units_when_wrapping = 25;
};

struct QueueSettings {
  std::string name;
  std::string display_name;
  int32_t order = 0;
  Condition condition;
  int32_t priority = 0;
  std::vector<std::pair<std::string, int32_t>> required_skills;  // Sorted; least proficiency.
  int64_t offer_timeout_ms = 0;
  config::v1::WrapUp::Mode wrap_up = config::v1::WrapUp::NONE;
  int64_t wrap_up_timeout_ms = 0;  // 0: none.
  int64_t short_abandon_ms = 0;
};

struct AgentSettings {
  std::string name;
  std::string display_name;
  absl::btree_map<std::string, int32_t> skills;
  absl::btree_set<std::string> queues;  // Empty: all.
  int32_t units = 0;
  bool is_bot = false;

  bool Serves(const QueueSettings& queue) const;
  bool HasSkillsFor(const QueueSettings& queue) const;
};

// What routing needs of a workspace's configuration, compiled. Immutable.
struct WorkspaceSettings {
  std::string name;
  int64_t exclusion_ms = 120'000;
  int64_t reopen_window_ms = 72 * 3'600'000LL;
  int64_t heartbeat_timeout_ms = 30'000;
  absl::btree_set<std::string> presence_reasons;
  absl::btree_map<std::string, ChannelSettings> channels;
  std::vector<QueueSettings> queues;  // In the order in which they are tried.
  absl::btree_map<std::string, AgentSettings> agents;
  // Wrap-up code to the queues in which it is offered; empty: in all.
  absl::btree_map<std::string, absl::btree_set<std::string>> wrap_up_codes;
  // All phrases that conditions ask for, folded, each once.
  absl::btree_set<std::string> phrases;

  const QueueSettings* FindQueue(const std::string& queue) const;
  // How a channel is charged, listed or not.
  ChannelSettings ChannelOf(const std::string& channel) const;
};

// `resources`: those of one workspace, its Workspace included, in any order. Texts that validation
// would have refused count as empty. Without resources: the defaults, no queue and no agent.
WorkspaceSettings CompileSettings(const std::string& workspace,
                                  const std::vector<const config::v1::Resource*>& resources);

}  // namespace trama::routing
