#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"
#include "trama/routing/v1/routing_rows.pb.h"

namespace trama::routing {

// Which interactions were applied, so that a repeat does nothing. An id is kept as long as its
// conversation may take messages, and for kSeenKeptMs in any case.
class Seen {
 public:
  const v1::SeenRow* Find(std::string_view key) const { return rows_.Find(key); }
  // `conversation_id` empty: belongs to none.
  void Add(std::string_view key, const std::string& conversation_id, int64_t now_ms);

  // Forgets at most `count_max` ids that are old and of which `is_open(key, row)` does not say that
  // the conversation still lives.
  template <typename IsOpen>
  void Expire(int64_t now_ms, size_t count_max, IsOpen is_open);
  // When Expire has something to look at; 0 when never.
  int64_t NextExpiryMs() const { return checks_.empty() ? 0 : checks_.begin()->first; }

  size_t size() const { return rows_.size(); }
  const std::string& name() const { return rows_.name(); }
  absl::Status Load(std::string_view key, std::string_view value);
  void TakeChanges(std::vector<RowChange>& out) { rows_.TakeChanges(out); }

 private:
  static int64_t FirstCheckMs(const v1::SeenRow& row);

  Table<v1::SeenRow> rows_{"seen"};
  absl::btree_set<std::pair<int64_t, std::string>> checks_;  // When to look at it; key.
};

template <typename IsOpen>
void Seen::Expire(int64_t now_ms, size_t count_max, IsOpen is_open) {
  for (size_t i = 0; i < count_max && !checks_.empty() && checks_.begin()->first <= now_ms; ++i) {
    const std::string key = checks_.begin()->second;
    checks_.erase(checks_.begin());
    const v1::SeenRow* row = rows_.Find(key);
    if (is_open(key, *row)) {
      checks_.emplace(FirstCheckMs(*row) + (now_ms - row->seen_at_ms()), key);
    } else {
      rows_.Erase(key);
    }
  }
}

}  // namespace trama::routing
