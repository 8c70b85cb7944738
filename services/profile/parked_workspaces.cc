#include "services/profile/parked_workspaces.h"

#include <algorithm>

namespace trama::profile {

void ParkedWorkspaces::Park(const Origin& origin, const std::string& workspace) {
  std::map<std::string, int64_t>& first = partitions_[{origin.topic, origin.partition}].first;
  const auto [held, is_new] = first.try_emplace(workspace, origin.offset);
  if (!is_new) held->second = std::min(held->second, origin.offset);
}

bool ParkedWorkspaces::Holds(const Origin& origin, const std::string& workspace) const {
  const auto held = partitions_.find({origin.topic, origin.partition});
  return held != partitions_.end() && held->second.first.contains(workspace);
}

std::set<std::string> ParkedWorkspaces::workspaces() const {
  std::set<std::string> names;
  for (const auto& [place, partition] : partitions_) {
    for (const auto& [workspace, offset] : partition.first) names.insert(workspace);
  }
  return names;
}

std::vector<Origin> ParkedWorkspaces::FirstOf(const std::string& workspace) const {
  std::vector<Origin> origins;
  for (const auto& [place, partition] : partitions_) {
    const auto first = partition.first.find(workspace);
    if (first != partition.first.end()) {
      origins.push_back({place.first, place.second, first->second});
    }
  }
  return origins;
}

void ParkedWorkspaces::ReadAgain(const Origin& first, const std::string& workspace, int64_t next) {
  Partition& partition = partitions_[{first.topic, first.partition}];
  partition.first.erase(workspace);
  partition.again.insert(workspace);
  partition.again_until = std::max(partition.again_until, next);
}

bool ParkedWorkspaces::WasDone(const Origin& origin, const std::string& workspace) const {
  const auto held = partitions_.find({origin.topic, origin.partition});
  if (held == partitions_.end() || origin.offset >= held->second.again_until) return false;
  return !held->second.again.contains(workspace);
}

int64_t ParkedWorkspaces::CommitPosition(const std::string& topic, int32_t partition,
                                         int64_t next) const {
  const auto held = partitions_.find({topic, partition});
  if (held == partitions_.end()) return next;
  for (const auto& [workspace, first] : held->second.first) next = std::min(next, first);
  return next;
}

void ParkedWorkspaces::Drop(const std::string& topic, int32_t partition) {
  partitions_.erase({topic, partition});
}

}  // namespace trama::profile
