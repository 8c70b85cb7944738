#include "services/profile/row_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/profile/redis_batch.h"
#include "services/profile/redis_layout.h"
#include "services/profile/redis_scripts.h"
#include "services/profile/timeline_order.h"

namespace trama::profile {
namespace {

using platform::RedisReply;
using ReplyOr = absl::StatusOr<RedisReply>;

// Fields asked for in one HMGET, so that no single command holds Redis up.
constexpr size_t kFieldsMax = 256;

}  // namespace

std::string MarkerOf(const platform::RedisClient& redis) {
  const std::string run_id = redis.server().run_id;
  // Without the right to call INFO only a FLUSHALL is noticed.
  return run_id.empty() ? "unknown" : run_id;
}

EraseCall MakeErase(const RowKey& key, const v1::ProfileRow& row) {
  const RowSlot slot = SlotOf(key);
  EraseCall call{&EraseRowScript(),
                 {MarkerKey(slot.shard), NewestKey(slot.shard), slot.hash},
                 {"", NewPutName(), slot.field}};
  if (key.type == RowType::kLink) {
    call.script = &EraseLinkScript();
    call.keys.push_back(NeighboursKey(key.workspace));
    AddEnds(row.link(), call.args);
  } else if (key.type == RowType::kEntry) {
    call.script = &EraseEntryScript();
    call.keys.push_back(TimesKey(key.workspace, key.owner));
    if (!row.entry().conversation_id().empty()) {
      call.keys.push_back(TalkKey(key.workspace, key.owner, row.entry().conversation_id()));
    }
    call.args.push_back(PositionOf(row.entry()));
  }
  return call;
}

RowStore::RowStore(platform::RedisClient& redis) : redis_(redis), name_(NewPutName()) {}

ReplyOr RowStore::Checked(ReplyOr reply) {
  if (!reply.ok() || reply->type != RedisReply::Type::kInteger || reply->integer != kShardIsEmpty) {
    return reply;
  }
  if (on_empty_) on_empty_();
  return RetryAfter(TypedError(absl::StatusCode::kUnavailable, "RESTORING",
                               "customers are being restored from their topic; come again"),
                    absl::Seconds(1));
}

absl::StatusOr<std::vector<RedisReply>> RowStore::Ask(const platform::RedisScript& script,
                                                      ShardCalls& calls) {
  RedisBatch batch(redis_);
  calls.Send(script, batch);
  absl::Status failed;
  std::vector<RedisReply> replies;
  for (ReplyOr& answer : batch.Finish()) {
    ReplyOr reply = Checked(std::move(answer));
    failed.Update(reply.status());
    if (reply.ok()) replies.push_back(*std::move(reply));
  }
  if (!failed.ok()) return failed;
  return calls.Rows(std::move(replies));
}

absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> RowStore::Read(
    const std::vector<RowKey>& keys) {
  ShardCalls calls = ShardCalls::ToRead(MarkerOf(redis_), keys);
  const absl::StatusOr<std::vector<RedisReply>> packed = Ask(RowsScript(), calls);
  if (!packed.ok()) return packed.status();
  std::vector<std::optional<v1::ProfileRow>> rows;
  rows.reserve(keys.size());
  for (const RedisReply& each : *packed) {
    rows.emplace_back();
    if (each.is_nil()) continue;
    absl::StatusOr<v1::ProfileRow> row = UnpackRow(each.text);
    if (!row.ok()) return row.status();
    rows.back() = *std::move(row);
  }
  return rows;
}

absl::StatusOr<std::vector<int64_t>> RowStore::Versions(const std::vector<RowKey>& keys) {
  const absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> rows = Read(keys);
  if (!rows.ok()) return rows.status();
  std::vector<int64_t> versions;
  for (const std::optional<v1::ProfileRow>& row : *rows) {
    versions.push_back(row.has_value() ? row->version() : 0);
  }
  return versions;
}

absl::StatusOr<std::optional<RowStore::Receipt>> RowStore::Put(
    const std::vector<RowSet::Change>& changes) {
  Receipt receipt{absl::StrCat(name_, "-", ++puts_), {}};
  ShardCalls calls = ShardCalls::ToPut(MarkerOf(redis_), receipt.name);
  for (const RowSet::Change& change : changes) {
    if (change.IsNew()) calls.AddPut(change);
  }
  receipt.shards = calls.Shards();
  const absl::StatusOr<std::vector<RedisReply>> put = Ask(PutRowsScript(), calls);
  if (!put.ok()) return put.status();
  const bool all_put = std::all_of(put->begin(), put->end(),
                                   [](const RedisReply& reply) { return reply.integer == 1; });
  return all_put ? std::make_optional(std::move(receipt)) : std::nullopt;
}

absl::StatusOr<bool> RowStore::IsNewest(const Receipt& receipt) {
  RedisBatch batch(redis_);
  for (const int shard : receipt.shards) batch.AddCommand({"GET", NewestKey(shard)});
  bool is_newest = true;
  absl::Status failed;
  for (const ReplyOr& reply : batch.Finish()) {
    failed.Update(reply.status());
    is_newest = is_newest && reply.ok() && reply->text == receipt.name;
  }
  if (!failed.ok()) return failed;
  return is_newest;
}

absl::StatusOr<Owners> RowStore::ReadOwners(const std::set<OwnedId>& ids) {
  RedisBatch batch(redis_);
  for (const OwnedId& id : ids) batch.AddCommand({"GET", WhoseKey(id)});
  std::vector<ReplyOr> replies = batch.Finish();
  Owners owners;
  size_t next = 0;
  for (const OwnedId& id : ids) {
    const ReplyOr& reply = replies[next++];
    if (!reply.ok()) return reply.status();
    if (reply->is_nil()) continue;
    absl::StatusOr<Owner> owner = UnpackOwner(reply->text);
    if (!owner.ok()) return owner.status();
    owners.emplace(id, *std::move(owner));
  }
  return owners;
}

absl::Status RowStore::TellOwners(const Owners& owners) {
  RedisBatch batch(redis_);
  for (const auto& [id, owner] : owners) {
    batch.AddCommand({"SET", WhoseKey(id), PackOwner(owner), "NX"});
  }
  absl::Status failed;
  for (const ReplyOr& reply : batch.Finish()) failed.Update(reply.status());
  return failed;
}

absl::StatusOr<std::vector<std::vector<Neighbour>>> RowStore::ReadNeighbours(
    const std::string& workspace, const std::vector<std::string>& customer_ids) {
  const std::string marker = MarkerOf(redis_);
  const std::vector<std::string> keys = {MarkerKey(GraphShard(workspace)),
                                         NeighboursKey(workspace)};
  RedisBatch batch(redis_);
  for (size_t from = 0; from < customer_ids.size(); from += kFieldsMax) {
    const size_t to = std::min(customer_ids.size(), from + kFieldsMax);
    std::vector<std::string> args = {marker, "HMGET"};
    args.insert(args.end(), customer_ids.begin() + from, customer_ids.begin() + to);
    batch.AddScript(ReadScript(), keys, std::move(args));
  }
  std::vector<std::vector<Neighbour>> neighbours;
  for (ReplyOr& answer : batch.Finish()) {
    ReplyOr reply = Checked(std::move(answer));
    if (!reply.ok()) return reply.status();
    absl::StatusOr<std::vector<RedisReply>> lines = (*std::move(reply)).AsArray();
    if (!lines.ok()) return lines.status();
    for (const RedisReply& line : *lines) {
      neighbours.push_back(profile::ReadNeighbours(line.text));
    }
  }
  if (neighbours.size() != customer_ids.size()) {
    return absl::InternalError("HMGET has answered another number of fields");
  }
  return neighbours;
}

absl::StatusOr<std::vector<std::vector<std::string>>> RowStore::ReadPositions(
    const std::string& workspace, const std::vector<std::string>& customer_ids,
    const Range& range) {
  const std::string marker = MarkerOf(redis_);
  std::string from = range.oldest_first ? "-" : "+";
  if (!range.after.empty()) from = absl::StrCat("(", range.after);
  RedisBatch batch(redis_);
  for (const std::string& id : customer_ids) {
    const std::string times = range.conversation_id.empty()
                                  ? TimesKey(workspace, id)
                                  : TalkKey(workspace, id, range.conversation_id);
    batch.AddScript(ReadScript(), {MarkerKey(TimelineShard(workspace, id)), times},
                    {marker, range.oldest_first ? "ZRANGEBYLEX" : "ZREVRANGEBYLEX", from,
                     range.oldest_first ? "+" : "-", "LIMIT", "0", absl::StrCat(range.limit)});
  }
  std::vector<std::vector<std::string>> timelines;
  for (ReplyOr& answer : batch.Finish()) {
    ReplyOr reply = Checked(std::move(answer));
    if (!reply.ok()) return reply.status();
    absl::StatusOr<std::vector<RedisReply>> positions = (*std::move(reply)).AsArray();
    if (!positions.ok()) return positions.status();
    std::vector<std::string>& timeline = timelines.emplace_back();
    for (RedisReply& position : *positions) timeline.push_back(std::move(position.text));
  }
  return timelines;
}

}  // namespace trama::profile
