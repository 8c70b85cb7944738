#include "services/profile/redis_layout.h"

#include <initializer_list>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "services/platform/redis/redis_key.h"
#include "services/profile/row_set.h"

namespace trama::profile {
namespace {

using platform::RedisKey;

// FNV-1a, 64 bits: the same in every process and release.
int ShardOfParts(std::initializer_list<std::string_view> parts) {
  uint64_t hash = 14695981039346656037u;
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211u; };
  for (const std::string_view part : parts) {
    for (const char c : part) mix(static_cast<unsigned char>(c));
    mix('/');
  }
  return static_cast<int>(hash % kShards);
}

std::string Tag(int shard) { return absl::StrCat("profile-", shard); }

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(absl::StrCat("Redis holds ", ToAbsl(what),
                                          " that profile did not write; rebuild it with "
                                          "tramactl profile rebuild --flush"));
}

}  // namespace

int GraphShard(std::string_view workspace) { return ShardOfParts({workspace}); }

int TimelineShard(std::string_view workspace, std::string_view customer_id) {
  return ShardOfParts({workspace, customer_id});
}

std::string MarkerKey(int shard) { return RedisKey(Tag(shard), "marker"); }

std::string NewestKey(int shard) { return RedisKey(Tag(shard), "newest"); }

std::string FillingKey(int shard, std::string_view attempt) {
  return RedisKey(Tag(shard), "filling", attempt);
}

std::vector<std::string> PersonKeys(std::string_view workspace) {
  const int shard = GraphShard(workspace);
  std::vector<std::string> keys = {MarkerKey(shard), NeighboursKey(workspace)};
  for (const char* hash : {"identifiers", "attributes", "links"}) {
    keys.push_back(RedisKey(Tag(shard), hash, workspace));
  }
  return keys;
}

std::string NeighboursKey(std::string_view workspace) {
  return RedisKey(Tag(GraphShard(workspace)), "neighbours", workspace);
}

std::string TimesKey(std::string_view workspace, std::string_view customer_id) {
  return RedisKey(Tag(TimelineShard(workspace, customer_id)), "times", workspace, customer_id);
}

std::string TalkKey(std::string_view workspace, std::string_view customer_id,
                    std::string_view conversation_id) {
  return RedisKey(Tag(TimelineShard(workspace, customer_id)), "talk", workspace, customer_id,
                  conversation_id);
}

std::string WhoseKey(const OwnedId& id) {
  return RedisKey(Tag(ShardOfParts({id.first, id.second})), "whose", id.first, id.second);
}

int ShardOf(const RowKey& key) {
  return key.type == RowType::kEntry ? TimelineShard(key.workspace, key.owner)
                                     : GraphShard(key.workspace);
}

const std::string& FieldOf(const RowKey& key) {
  return key.type == RowType::kEntry ? key.entry_id : key.owner;
}

RowSlot SlotOf(const RowKey& key) {
  RowSlot slot{ShardOf(key), "", FieldOf(key)};
  const std::string tag = Tag(slot.shard);
  switch (key.type) {
    case RowType::kIdentifier:
      slot.hash = RedisKey(tag, "identifiers", key.workspace);
      break;
    case RowType::kAttributes:
      slot.hash = RedisKey(tag, "attributes", key.workspace);
      break;
    case RowType::kLink:
      slot.hash = RedisKey(tag, "links", key.workspace);
      break;
    case RowType::kEntry:
      slot.hash = RedisKey(tag, "entries", key.workspace, key.owner);
      break;
  }
  return slot;
}

std::string PackRow(int64_t version, std::string_view bytes) {
  return absl::StrCat(version, " ", ToAbsl(bytes));
}

absl::StatusOr<v1::ProfileRow> UnpackRow(std::string_view packed) {
  const size_t space = packed.find(' ');
  v1::ProfileRow row;
  if (space == std::string_view::npos ||
      !row.ParseFromArray(packed.data() + space + 1, static_cast<int>(packed.size() - space - 1)) ||
      absl::StrCat(row.version()) != packed.substr(0, space)) {
    return Malformed("a row");
  }
  return row;
}

std::string PackOwner(const Owner& owner) {
  return absl::StrCat(owner.customer_id, " ", DeterministicBytes(owner.identifier));
}

absl::StatusOr<Owner> UnpackOwner(std::string_view packed) {
  const size_t space = packed.find(' ');
  if (space == std::string_view::npos || space == 0) return Malformed("an owner");
  Owner owner;
  owner.customer_id = std::string(packed.substr(0, space));
  if (!owner.identifier.ParseFromArray(packed.data() + space + 1,
                                       static_cast<int>(packed.size() - space - 1))) {
    return Malformed("an owner");
  }
  return owner;
}

std::string NeighbourLine(std::string_view customer_id, std::string_view link_id) {
  return absl::StrCat(ToAbsl(customer_id), " ", ToAbsl(link_id), "\n");
}

void AddEnds(const v1::LinkRow& link, std::vector<std::string>& args) {
  args.push_back(link.a_customer_id());
  args.push_back(NeighbourLine(link.b_customer_id(), link.link_id()));
  args.push_back(link.b_customer_id());
  args.push_back(NeighbourLine(link.a_customer_id(), link.link_id()));
}

std::vector<Neighbour> ReadNeighbours(std::string_view lines) {
  std::vector<Neighbour> neighbours;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(lines), '\n', absl::SkipEmpty())) {
    std::pair<std::string, std::string> parts = absl::StrSplit(line, ' ');
    neighbours.push_back({std::move(parts.first), std::move(parts.second)});
  }
  return neighbours;
}

}  // namespace trama::profile
