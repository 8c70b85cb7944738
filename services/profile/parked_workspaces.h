#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/profile/waiting_room.h"

namespace trama::profile {

// Workspaces of which nothing can be taken in for now. Their records are passed over, so that
// others go on, and only where the first one lay is remembered: however long it takes, it costs no
// memory. When the workspace can be taken in, its partitions are read a second time from there, for
// that workspace alone.
//
// What is committed stays at the first record passed over, so that none is lost with the process.
//
// Not thread-safe.
class ParkedWorkspaces {
 public:
  // Passes a record over.
  void Park(const Origin& origin, const std::string& workspace);

  // Must a record of this partition be passed over, because an earlier one was?
  bool Holds(const Origin& origin, const std::string& workspace) const;

  std::set<std::string> workspaces() const;

  // Where the first record of the workspace lies, in each partition that has one.
  std::vector<Origin> FirstOf(const std::string& workspace) const;

  // The partition is read again from FirstOf; everything before `next` has been read once.
  void ReadAgain(const Origin& first, const std::string& workspace, int64_t next);

  // Was a record of this workspace (empty: unreadable) done with when it was read the first time?
  bool WasDone(const Origin& origin, const std::string& workspace) const;

  // Up to where the partition may be committed, when it was read up to `next`.
  int64_t CommitPosition(const std::string& topic, int32_t partition, int64_t next) const;

  // Forgets a partition that somebody else goes on with.
  void Drop(const std::string& topic, int32_t partition);

 private:
  struct Partition {
    std::map<std::string, int64_t> first;  // By workspace.
    // The second reading.
    std::set<std::string> again;
    int64_t again_until = 0;
  };

  std::map<std::pair<std::string, int32_t>, Partition> partitions_;
};

}  // namespace trama::profile
