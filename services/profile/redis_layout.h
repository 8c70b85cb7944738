#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/profile/component.h"
#include "services/profile/owner.h"
#include "services/profile/row_key.h"
#include "trama/profile/v1/profile_events.pb.h"

// How rows lie in Redis. Everything of profile is spread over kShards hash tags "profile-<n>", so
// that Redis Cluster can place them on as many nodes: the graph of a workspace (identifiers,
// attributes, links) in the one that its name gives, the timeline of an identifier in the one that
// workspace and customer id give.
//
//   trama:{profile-<n>}:marker                      the run id of the server that was filled
//   trama:{profile-<n>}:newest                      who has put something into the shard last
//   trama:{profile-<n>}:filling:<attempt>           stands while `profiles` is played
//   trama:{profile-<n>}:identifiers:<ws>            hash: customer id → row
//   trama:{profile-<n>}:attributes:<ws>             hash: customer id → row
//   trama:{profile-<n>}:links:<ws>                  hash: link id → row
//   trama:{profile-<n>}:neighbours:<ws>             hash: customer id → its links, at both ends
//   trama:{profile-<n>}:entries:<ws>:<id>           hash: entry id → row
//   trama:{profile-<n>}:times:<ws>:<id>             positions of the entries, in order
//   trama:{profile-<n>}:talk:<ws>:<id>:<talk>       those of one conversation
//   trama:{profile-<n>}:whose:<ws>:<id>             whose an interaction, message, conversation is
//
// A shard without the right marker is empty or out of date: nothing may be read from it or written
// to it but by Restorer.
namespace trama::profile {

// A contract with what is in Redis: another number needs a rebuild.
inline constexpr int kShards = 64;

int GraphShard(std::string_view workspace);
int TimelineShard(std::string_view workspace, std::string_view customer_id);

std::string MarkerKey(int shard);
std::string NewestKey(int shard);
std::string FillingKey(int shard, std::string_view attempt);
// Matches every key of profile, for SCAN.
inline constexpr char kAllKeysPattern[] = "trama:{profile-*";

// The keys of PersonScript.
std::vector<std::string> PersonKeys(std::string_view workspace);
std::string NeighboursKey(std::string_view workspace);
std::string TimesKey(std::string_view workspace, std::string_view customer_id);
std::string TalkKey(std::string_view workspace, std::string_view customer_id,
                    std::string_view conversation_id);
std::string WhoseKey(const OwnedId& id);

// The hash in which a row lies, and its field.
struct RowSlot {
  int shard = 0;
  std::string hash;
  std::string field;
};
RowSlot SlotOf(const RowKey& key);
// Shard and field alone.
int ShardOf(const RowKey& key);
const std::string& FieldOf(const RowKey& key);

// "<version> <bytes of the row>". DataLoss when it is not what PackRow wrote.
std::string PackRow(int64_t version, std::string_view bytes);
absl::StatusOr<v1::ProfileRow> UnpackRow(std::string_view packed);

std::string PackOwner(const Owner& owner);
absl::StatusOr<Owner> UnpackOwner(std::string_view packed);

// One line per neighbour, as the scripts keep them: "<customer id> <link id>\n".
std::string NeighbourLine(std::string_view customer_id, std::string_view link_id);
std::vector<Neighbour> ReadNeighbours(std::string_view lines);
// Appends customer id and line of one end, and of the other.
void AddEnds(const v1::LinkRow& link, std::vector<std::string>& args);

}  // namespace trama::profile
