#include "services/profile/shard_calls.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/platform/base/drawn_id.h"
#include "services/profile/redis_layout.h"
#include "services/profile/timeline_order.h"

namespace trama::profile {

using platform::RedisReply;

std::string NewPutName() {
  const std::array<uint8_t, 16> id = platform::DrawId<16>();
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
}

ShardCalls::Call& ShardCalls::NextOf(int shard) {
  const auto [open, is_new] = open_.try_emplace(shard, calls_.size());
  if (!is_new && calls_[open->second].places.size() == kRowsMax) open->second = calls_.size();
  if (open->second == calls_.size()) {
    Call& call = calls_.emplace_back();
    call.keys.push_back(MarkerKey(shard));
    call.args.push_back(marker_);
  }
  Call& call = calls_[open->second];
  call.places.push_back(rows_++);
  return call;
}

ShardCalls ShardCalls::ToRead(std::string marker, const std::vector<RowKey>& keys) {
  ShardCalls calls(std::move(marker), "");
  for (const RowKey& key : keys) calls.AddRead(key);
  return calls;
}

void ShardCalls::AddRead(const RowKey& key) {
  RowSlot slot = SlotOf(key);
  Call& call = NextOf(slot.shard);
  if (call.hash != slot.hash) {
    call.fields = 0;
    call.fields_at = call.args.size();
    call.args.emplace_back();
    call.keys.push_back(slot.hash);
    call.hash = std::move(slot.hash);
  }
  call.args[call.fields_at] = absl::StrCat(++call.fields);
  call.args.push_back(std::move(slot.field));
}

void ShardCalls::AddPut(const RowSet::Change& change) {
  const RowKey& key = change.key;
  RowSlot slot = SlotOf(key);
  Call& call = NextOf(slot.shard);
  if (call.keys.size() == 1) {
    call.keys.push_back(NewestKey(slot.shard));
    call.args.push_back(name_);
  }
  call.keys.push_back(std::move(slot.hash));
  const int64_t version = change.row->version();
  const size_t kind = call.args.size();
  call.args.insert(call.args.end(), {"row", absl::StrCat(change.was_version), absl::StrCat(version),
                                     std::move(slot.field), PackRow(version, change.bytes)});
  if (key.type == RowType::kLink) {
    call.args[kind] = "link";
    call.keys.push_back(NeighboursKey(key.workspace));
    AddEnds(change.row->link(), call.args);
  } else if (key.type == RowType::kEntry && change.moves) {
    const v1::TimelineEntry& entry = change.row->entry();
    call.args[kind] = "entry";
    call.keys.push_back(TimesKey(key.workspace, key.owner));
    if (!entry.conversation_id().empty()) {
      call.args[kind] = "talk";
      call.keys.push_back(TalkKey(key.workspace, key.owner, entry.conversation_id()));
    }
    call.args.push_back(PositionOf(entry));
  }
}

void ShardCalls::Send(const platform::RedisScript& script, RedisBatch& batch) {
  for (Call& call : calls_) {
    batch.AddScript(script, std::exchange(call.keys, {}), std::exchange(call.args, {}));
  }
}

absl::StatusOr<std::vector<RedisReply>> ShardCalls::Rows(std::vector<RedisReply> replies) const {
  std::vector<RedisReply> rows(rows_);
  for (size_t c = 0; c < calls_.size(); ++c) {
    absl::StatusOr<std::vector<RedisReply>> answers = std::move(replies[c]).AsArray();
    if (!answers.ok()) return answers.status();
    if (answers->size() != calls_[c].places.size()) {
      return absl::InternalError("a script has answered for another number of rows");
    }
    for (size_t i = 0; i < answers->size(); ++i) {
      rows[calls_[c].places[i]] = std::move((*answers)[i]);
    }
  }
  return rows;
}

std::vector<int> ShardCalls::Shards() const {
  std::vector<int> shards;
  for (const auto& [shard, call] : open_) shards.push_back(shard);
  return shards;
}

}  // namespace trama::profile
