#include "services/profile/row_store.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"
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

// Rows of one hash, and where their answers go.
struct Asked {
  int shard = 0;
  std::string hash;
  std::vector<std::string> fields;
  std::vector<size_t> places;
};

std::vector<Asked> GroupByHash(const std::vector<RowKey>& keys) {
  std::vector<Asked> groups;
  std::map<std::string, size_t> open;  // Hash → the group that still takes fields.
  for (size_t i = 0; i < keys.size(); ++i) {
    RowSlot slot = SlotOf(keys[i]);
    const auto [it, is_new] = open.try_emplace(slot.hash, groups.size());
    if (!is_new && groups[it->second].fields.size() == kFieldsMax) it->second = groups.size();
    if (it->second == groups.size()) groups.push_back({slot.shard, slot.hash, {}, {}});
    groups[it->second].fields.push_back(std::move(slot.field));
    groups[it->second].places.push_back(i);
  }
  return groups;
}

void AddEnds(const v1::LinkRow& link, std::vector<std::string>& args) {
  args.push_back(link.a_customer_id());
  args.push_back(NeighbourLine(link.b_customer_id(), link.link_id()));
  args.push_back(link.b_customer_id());
  args.push_back(NeighbourLine(link.a_customer_id(), link.link_id()));
}

// The keys and arguments that all put and erase scripts have in common and those of the row's type.
PutCall MakeCall(const RowKey& key, const v1::ProfileRow& row, std::vector<std::string> args) {
  const RowSlot slot = SlotOf(key);
  PutCall call;
  call.keys = {MarkerKey(slot.shard), slot.hash};
  args[3] = slot.field;
  call.args = std::move(args);
  if (key.type == RowType::kLink) {
    call.keys.push_back(NeighboursKey(key.workspace));
    AddEnds(row.link(), call.args);
  } else if (key.type == RowType::kEntry) {
    call.keys.push_back(TimesKey(key.workspace, key.owner));
    if (!row.entry().conversation_id().empty()) {
      call.keys.push_back(TalkKey(key.workspace, key.owner, row.entry().conversation_id()));
    }
    call.args.push_back(PositionOf(row.entry()));
  }
  return call;
}

}  // namespace

std::string MarkerOf(const platform::RedisClient& redis) {
  const std::string run_id = redis.server().run_id;
  // Without the right to call INFO only a FLUSHALL is noticed.
  return run_id.empty() ? "unknown" : run_id;
}

PutCall MakePut(const RowKey& key, const v1::ProfileRow& row, std::string_view marker,
                int64_t was_version) {
  PutCall call = MakeCall(key, row,
                          {std::string(marker), absl::StrCat(was_version),
                           absl::StrCat(row.version()), "", PackRow(row)});
  switch (key.type) {
    case RowType::kLink:
      call.script = &PutLinkScript();
      break;
    case RowType::kEntry:
      call.script = &PutEntryScript();
      break;
    default:
      call.script = &PutRowScript();
  }
  return call;
}

PutCall MakeErase(const RowKey& key, const v1::ProfileRow& row) {
  PutCall call = MakeCall(key, row, {"", "", "", "", ""});
  switch (key.type) {
    case RowType::kLink:
      call.script = &EraseLinkScript();
      break;
    case RowType::kEntry:
      call.script = &EraseEntryScript();
      break;
    default:
      call.script = &EraseRowScript();
  }
  return call;
}

ReplyOr RowStore::Checked(ReplyOr reply) {
  if (!reply.ok() || reply->type != RedisReply::Type::kInteger || reply->integer != kShardIsEmpty) {
    return reply;
  }
  if (on_empty_) on_empty_();
  return RetryAfter(TypedError(absl::StatusCode::kUnavailable, "RESTORING",
                               "customers are being restored from their topic; come again"),
                    absl::Seconds(1));
}

absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> RowStore::Read(
    const std::vector<RowKey>& keys) {
  const std::string marker = MarkerOf(redis_);
  const std::vector<Asked> groups = GroupByHash(keys);
  RedisBatch batch(redis_);
  for (const Asked& group : groups) {
    std::vector<std::string> args = {marker, "HMGET"};
    args.insert(args.end(), group.fields.begin(), group.fields.end());
    batch.AddScript(ReadScript(), {MarkerKey(group.shard), group.hash}, std::move(args));
  }
  std::vector<ReplyOr> replies = batch.Finish();

  std::vector<std::optional<v1::ProfileRow>> rows(keys.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    ReplyOr reply = Checked(std::move(replies[g]));
    if (!reply.ok()) return reply.status();
    absl::StatusOr<std::vector<RedisReply>> packed = (*std::move(reply)).AsArray();
    if (!packed.ok()) return packed.status();
    if (packed->size() != groups[g].places.size()) {
      return absl::InternalError("HMGET has answered another number of fields");
    }
    for (size_t i = 0; i < packed->size(); ++i) {
      if ((*packed)[i].is_nil()) continue;
      absl::StatusOr<v1::ProfileRow> row = UnpackRow((*packed)[i].text);
      if (!row.ok()) return row.status();
      rows[groups[g].places[i]] = *std::move(row);
    }
  }
  return rows;
}

absl::StatusOr<std::vector<int64_t>> RowStore::Versions(const std::vector<RowKey>& keys) {
  const std::string marker = MarkerOf(redis_);
  RedisBatch batch(redis_);
  for (const RowKey& key : keys) {
    const RowSlot slot = SlotOf(key);
    batch.AddScript(VersionScript(), {MarkerKey(slot.shard), slot.hash}, {marker, slot.field});
  }
  std::vector<int64_t> versions;
  for (ReplyOr& answer : batch.Finish()) {
    const ReplyOr reply = Checked(std::move(answer));
    if (!reply.ok()) return reply.status();
    const absl::StatusOr<int64_t> version = reply->AsInteger();
    if (!version.ok()) return version.status();
    versions.push_back(*version);
  }
  return versions;
}

absl::StatusOr<bool> RowStore::Put(const std::vector<RowSet::Change>& changes) {
  const std::string marker = MarkerOf(redis_);
  RedisBatch batch(redis_);
  for (const RowSet::Change& change : changes) {
    PutCall call = MakePut(change.key, *change.row, marker, change.was_version);
    batch.AddScript(*call.script, std::move(call.keys), std::move(call.args));
  }
  bool all_put = true;
  absl::Status failed;
  for (ReplyOr& answer : batch.Finish()) {
    const ReplyOr reply = Checked(std::move(answer));
    failed.Update(reply.status());
    all_put = all_put && reply.ok() && reply->integer == 1;
  }
  if (!failed.ok()) return failed;
  return all_put;
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
