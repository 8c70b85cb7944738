#include "services/routing/seen.h"

#include "services/routing/limits.h"

namespace trama::routing {

int64_t Seen::FirstCheckMs(const v1::SeenRow& row) { return row.seen_at_ms() + kSeenKeptMs; }

void Seen::Add(std::string_view key, const std::string& conversation_id, int64_t now_ms) {
  v1::SeenRow& row = rows_.Put(key);
  row.set_conversation_id(conversation_id);
  row.set_seen_at_ms(now_ms);
  checks_.emplace(FirstCheckMs(row), key);
}

absl::Status Seen::Load(std::string_view key, std::string_view value) {
  if (absl::Status loaded = rows_.Load(key, value); !loaded.ok()) return loaded;
  checks_.emplace(FirstCheckMs(*rows_.Find(key)), key);
  return absl::OkStatus();
}

}  // namespace trama::routing
