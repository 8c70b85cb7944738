#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/btree_set.h"

namespace trama::routing {

// Wakes objects at given moments (Unix milliseconds), the earliest first, equal ones by `key`. Each
// object has at most one moment in a schedule; it keeps it itself, in the member `Slot`. Objects
// must be unscheduled before they go away.
template <typename T, int64_t T::*Slot>
class Schedule {
 public:
  // 0 takes it out.
  void Set(T& object, int64_t at_ms) {
    if (object.*Slot == at_ms) return;
    if (object.*Slot != 0) times_.erase({object.*Slot, &object});
    object.*Slot = at_ms;
    if (at_ms != 0) times_.emplace(at_ms, &object);
  }

  // The first whose moment has come, null when there is none.
  T* Due(int64_t now_ms) const {
    return times_.empty() || times_.begin()->first > now_ms ? nullptr : times_.begin()->second;
  }

  // The first moment, 0 when there is none.
  int64_t First() const { return times_.empty() ? 0 : times_.begin()->first; }

  // The first moment after `now_ms`, 0 when there is none.
  int64_t FirstAfter(int64_t now_ms) const {
    const auto it = times_.lower_bound({now_ms + 1, nullptr});
    return it == times_.end() ? 0 : it->first;
  }

  size_t size() const { return times_.size(); }

 private:
  using Entry = std::pair<int64_t, T*>;
  struct Earlier {
    bool operator()(const Entry& a, const Entry& b) const {
      if (a.first != b.first) return a.first < b.first;
      // Null stands before everybody: it is only looked for, never in the set.
      if (a.second == nullptr || b.second == nullptr) {
        return a.second == nullptr && b.second != nullptr;
      }
      return a.second->key < b.second->key;
    }
  };

  absl::btree_set<Entry, Earlier> times_;
};

}  // namespace trama::routing
