#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/routing/lines.h"
#include "services/routing/model.h"
#include "services/routing/roster.h"
#include "services/routing/settings.h"

namespace trama::routing {

// One workspace: nothing in it ever looks at another. Conversations may come before their workspace
// is configured; they then wait in the line without a name.
struct Workspace {
  explicit Workspace(std::string name_in);

  // Replaces the settings. Everybody who has room becomes hungry, so nothing has to be fresh.
  void Configure(WorkspaceSettings new_settings);

  // Has anybody to be looked at?
  bool HasToMatch() const { return !fresh.empty() || !roster.hungry().empty(); }

  // The number by which a channel's capacity is counted.
  int ClassOf(const std::string& channel);
  const std::string& ChannelOf(int channel_class) const { return channels[channel_class]; }

  const std::string name;
  std::unique_ptr<const WorkspaceSettings> settings;
  std::vector<std::string> channels;  // By class.
  absl::btree_map<std::string, int> classes;
  Lines lines;
  Roster roster;
  // Conversations that have come into a queue, or may be offered to somebody again, and have not
  // been looked at since.
  absl::btree_set<LinePlace> fresh;

 private:
  std::vector<ChannelSettings> ClassSettings() const;
};

}  // namespace trama::routing
