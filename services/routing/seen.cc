#include "services/routing/seen.h"

#include <algorithm>

namespace trama::routing {

void Seen::Add(std::string_view key, const std::string& conversation_id, int64_t now_ms) {
  v1::SeenRow& row = rows_.Put(key);
  row.set_conversation_id(conversation_id);
  row.set_seen_at_ms(now_ms);
  checks_.emplace_back(now_ms + kSeenKeptMs, key);
}

absl::Status Seen::Load(std::string_view key, std::string_view value) {
  return rows_.Load(key, value).status();
}

void Seen::Restore() {
  rows_.ForEach([this](const std::string& key, const v1::SeenRow& row) {
    checks_.emplace_back(row.seen_at_ms() + kSeenKeptMs, key);
  });
  std::sort(checks_.begin(), checks_.end());
}

}  // namespace trama::routing
