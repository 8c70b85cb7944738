#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/btree_set.h"

namespace trama::routing {

// When the clock is to look at which conversations, live ones and those at rest alike: so of each
// there is only the moment (Unix milliseconds) and its hash. The earliest comes first, of equal
// ones the lower hash.
class Dues {
 public:
  // 0 stands for no moment, before and after.
  void Move(uint64_t hash, int64_t from_ms, int64_t to_ms) {
    if (from_ms == to_ms) return;
    if (from_ms != 0) times_.erase(times_.find({from_ms, hash}));
    if (to_ms != 0) times_.insert({to_ms, hash});
  }

  bool IsDue(int64_t now_ms) const { return !times_.empty() && First() <= now_ms; }
  // The first moment, 0 when there is none, and whose it is.
  int64_t First() const { return times_.empty() ? 0 : times_.begin()->first; }
  uint64_t FirstHash() const { return times_.begin()->second; }

  // The first moment after `now_ms`, 0 when there is none.
  int64_t FirstAfter(int64_t now_ms) const {
    const auto it = times_.lower_bound({now_ms + 1, 0});
    return it == times_.end() ? 0 : it->first;
  }

  size_t size() const { return times_.size(); }
  size_t CountOf(uint64_t hash, int64_t at_ms) const { return times_.count({at_ms, hash}); }

 private:
  // Two conversations may have the same hash, and even be due together.
  absl::btree_multiset<std::pair<int64_t, uint64_t>> times_;
};

}  // namespace trama::routing
