#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"
#include "services/routing/limits.h"
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
  int64_t NextExpiryMs() const { return checks_.empty() ? 0 : checks_.front().first; }

  size_t size() const { return rows_.size(); }
  const std::string& name() const { return rows_.name(); }
  absl::Status Load(std::string_view key, std::string_view value);
  // After the last Load.
  void Restore();
  void TakeChanges(std::vector<RowChange>& out) { rows_.TakeChanges(out); }

 private:
  Table<v1::SeenRow> rows_{"seen"};
  // When to look at which key. In order, because time does not go back.
  std::deque<std::pair<int64_t, std::string>> checks_;
};

template <typename IsOpen>
void Seen::Expire(int64_t now_ms, size_t count_max, IsOpen is_open) {
  for (size_t i = 0; i < count_max && !checks_.empty() && checks_.front().first <= now_ms; ++i) {
    std::string key = std::move(checks_.front().second);
    checks_.pop_front();
    if (is_open(key, *rows_.Find(key))) {
      checks_.emplace_back(now_ms + kSeenKeptMs, std::move(key));
    } else {
      rows_.Erase(key);
    }
  }
}

}  // namespace trama::routing
