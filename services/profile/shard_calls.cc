#include "services/profile/shard_calls.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
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
  if (!is_new && calls_[open->second].rows == kRowsMax) open->second = calls_.size();
  if (open->second == calls_.size()) {
    Call& call = calls_.emplace_back();
    call.keys.push_back(MarkerKey(shard));
    call.args.push_back(marker_);
    if (!name_.empty()) {
      call.keys.push_back(NewestKey(shard));
      call.args.push_back(name_);
    }
  }
  Call& call = calls_[open->second];
  ++call.rows;
  return call;
}

ShardCalls::Group& ShardCalls::NextOf(Call& call, const RowKey& key, std::string_view kind,
                                      std::string_view talk) {
  // The newest first: rows of one customer mostly come together.
  auto group = std::find_if(call.groups.rbegin(), call.groups.rend(), [&](const Group& each) {
    return each.first.type == key.type && each.kind == kind && each.talk == talk &&
           each.first.workspace == key.workspace &&
           (key.type != RowType::kEntry || each.first.owner == key.owner);
  });
  Group& taken =
      group != call.groups.rend()
          ? *group
          : call.groups.emplace_back(Group{key, std::string(kind), std::string(talk), {}, {}, {}});
  taken.places.push_back(rows_++);
  return taken;
}

ShardCalls ShardCalls::ToRead(std::string marker, const std::vector<RowKey>& keys) {
  ShardCalls calls(std::move(marker), "");
  for (const RowKey& key : keys) calls.AddRead(key);
  return calls;
}

void ShardCalls::AddRead(const RowKey& key) {
  Group& group = NextOf(NextOf(ShardOf(key)), key, "", "");
  if (group.keys.empty()) group.keys.push_back(SlotOf(key).hash);
  group.args.push_back(FieldOf(key));
}

void ShardCalls::AddPut(const RowSet::Change& change) {
  const RowKey& key = change.key;
  std::string_view kind = "row";
  std::string_view talk;
  if (key.type == RowType::kLink) kind = "link";
  if (key.type == RowType::kEntry && change.moves) {
    talk = change.row->entry().conversation_id();
    kind = talk.empty() ? "entry" : "talk";
  }
  const bool is_placed = kind == "entry" || kind == "talk";
  Group& group = NextOf(NextOf(ShardOf(key)), key, kind, talk);
  if (group.keys.empty()) {
    group.keys.push_back(SlotOf(key).hash);
    if (kind == "link") group.keys.push_back(NeighboursKey(key.workspace));
    if (is_placed) group.keys.push_back(TimesKey(key.workspace, key.owner));
    if (kind == "talk") group.keys.push_back(TalkKey(key.workspace, key.owner, talk));
  }
  const int64_t version = change.row->version();
  group.args.push_back(absl::StrCat(change.was_version));
  group.args.push_back(absl::StrCat(version));
  group.args.push_back(FieldOf(key));
  group.args.push_back(PackRow(version, change.bytes));
  if (kind == "link") AddEnds(change.row->link(), group.args);
  if (is_placed) group.args.push_back(PositionOf(change.row->entry()));
}

void ShardCalls::Send(const platform::RedisScript& script, RedisBatch& batch) {
  for (Call& call : calls_) {
    for (Group& group : call.groups) {
      std::move(group.keys.begin(), group.keys.end(), std::back_inserter(call.keys));
      if (!group.kind.empty()) call.args.push_back(group.kind);
      call.args.push_back(absl::StrCat(group.places.size()));
      std::move(group.args.begin(), group.args.end(), std::back_inserter(call.args));
    }
    batch.AddScript(script, std::exchange(call.keys, {}), std::exchange(call.args, {}));
  }
}

absl::StatusOr<std::vector<RedisReply>> ShardCalls::Rows(std::vector<RedisReply> replies) const {
  std::vector<RedisReply> rows(rows_);
  for (size_t c = 0; c < calls_.size(); ++c) {
    absl::StatusOr<std::vector<RedisReply>> answers = std::move(replies[c]).AsArray();
    if (!answers.ok()) return answers.status();
    if (answers->size() != calls_[c].rows) {
      return absl::InternalError("a script has answered for another number of rows");
    }
    auto answer = answers->begin();
    for (const Group& group : calls_[c].groups) {
      for (const size_t place : group.places) rows[place] = std::move(*answer++);
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
