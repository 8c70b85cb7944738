#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/kernel/archive.h"
#include "services/kernel/key_hash.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"
#include "services/routing/limits.h"
#include "trama/routing/v1/routing_rows.pb.h"

namespace trama::routing {

// Which interactions were applied, so that a repeat does nothing. An id is kept as long as its
// conversation is remembered, and for kSeenKeptMs in any case. Its row rests once it is
// written: few are ever asked for.
class Seen {
 public:
  explicit Seen(std::unique_ptr<Archive> archive) : rows_("seen", std::move(archive)) {}

  const v1::SeenRow* Find(std::string_view key) const { return rows_.Find(key); }
  // `conversation_id` empty: belongs to none.
  void Add(std::string_view key, const std::string& conversation_id, int64_t now_ms);

  // Forgets at most `count_max` ids that are old and of which `is_needed(key, row)` does not say
  // that they must be kept.
  template <typename IsNeeded>
  void Expire(int64_t now_ms, size_t count_max, IsNeeded is_needed);
  // When Expire has something to look at; 0 when never.
  int64_t NextExpiryMs() const { return checks_.empty() ? 0 : checks_.front().first; }

  size_t size() const { return rows_.size(); }
  const std::string& name() const { return rows_.name(); }
  // As Table::TakeArchive.
  void TakeArchive(std::shared_ptr<Archive> archive) { rows_.TakeArchive(std::move(archive)); }
  // Rows of the changelog, with their whole keys.
  absl::Status LoadAll(std::span<const RowBytes> rows);
  // After the last LoadAll.
  void Restore();
  void TakeChanges(std::vector<RowChange>& out) { rows_.TakeChanges(out); }

 private:
  static int64_t CheckMs(const v1::SeenRow& row) { return row.seen_at_ms() + kSeenKeptMs; }

  Table<v1::SeenRow> rows_;
  // When to look at one row of which KeyHash; one for each row. In order, because time does not go
  // back.
  std::deque<std::pair<int64_t, uint64_t>> checks_;
};

template <typename IsNeeded>
void Seen::Expire(int64_t now_ms, size_t count_max, IsNeeded is_needed) {
  for (size_t i = 0; i < count_max && !checks_.empty() && checks_.front().first <= now_ms; ++i) {
    const uint64_t hash = checks_.front().second;
    checks_.pop_front();
    const std::string* over =
        rows_.FindKey(hash, [&](const std::string& key, const v1::SeenRow& row) {
          return CheckMs(row) <= now_ms && !is_needed(key, row);
        });
    if (over == nullptr) {
      checks_.emplace_back(now_ms + kSeenKeptMs, hash);
    } else {
      rows_.Erase(*over);
    }
  }
}

}  // namespace trama::routing
