#include "services/routing/seen.h"

#include <algorithm>

namespace trama::routing {

void Seen::Add(std::string_view key, const std::string& conversation_id, int64_t now_ms) {
  v1::SeenRow& row = rows_.Put(key);
  row.set_conversation_id(conversation_id);
  row.set_seen_at_ms(now_ms);
  checks_.emplace_back(CheckMs(row), KeyHash(key));
}

absl::Status Seen::LoadAll(std::span<const RowBytes> rows) {
  return rows_.LoadAll(
      rows, [](const auto&...) { return LoadedTo::kRest; },
      [this](uint64_t hash, const std::string&, const v1::SeenRow& row, LoadedTo) {
        checks_.emplace_back(CheckMs(row), hash);
      });
}

void Seen::Restore() { std::sort(checks_.begin(), checks_.end()); }

}  // namespace trama::routing
