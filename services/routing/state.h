#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/kernel/archive.h"
#include "services/kernel/command_memory.h"
#include "services/kernel/key_hash.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"
#include "services/routing/dues.h"
#include "services/routing/limits.h"
#include "services/routing/model.h"
#include "services/routing/schedule.h"
#include "services/routing/seen.h"
#include "services/routing/threads.h"
#include "services/routing/workspace.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/engine/v1/engine.pb.h"
#include "trama/routing/v1/routing_rows.pb.h"

namespace trama::routing {

// Where and when conversations that are over go to rest.
struct Rest {
  MakeArchive make_archive = MakeMemoryArchive;
  size_t awake_max = kAwakeOverMax;  // Of those that could rest.
};

// Everything that the engine of one partition knows: the rows, and what is derived from them.
//
// A step edits rows through Edit(), publishes what happened, and then calls Sync() for every
// conversation and Refresh() for every agent whose row it has edited. Sync puts lines, capacity and
// timers in order and notes who has to be matched. That nothing else moves a conversation is what
// keeps the invariants.
//
// What is over and has not been asked for lately rests: of such a conversation there is its row in
// the archive, its names in `threads` and its moment in `wakes` or `closes`. Whatever looks for it
// wakes it, as a takeover would make it anew; in TakeChangedRows it goes to rest again. So pointers
// to conversations do not outlive the batch, and nothing that is decided depends on who rests.
// After a takeover the rows of those that wait rest, too, until somebody looks at them.
class State {
 public:
  // By key. In an order that differs from run to run: only for what comes to the same whatever the
  // order is.
  using Conversations = absl::flat_hash_map<std::string_view, std::unique_ptr<Conversation>>;
  using Workspaces = absl::btree_map<std::string, std::unique_ptr<Workspace>, std::less<>>;

  State(int32_t partition_in, Rest rest);

  // All of one table; different tables possibly by different threads at once.
  void TakeArchive(std::string_view table, std::shared_ptr<Archive> archive);
  absl::Status LoadRows(std::span<const RowBytes> rows);
  // Derives everything else from the rows; once, after the last LoadRows.
  void Restore();
  std::vector<RowChange> TakeChangedRows();

  // Made if need be.
  Workspace& WorkspaceOf(std::string_view name);
  Workspace* FindWorkspace(std::string_view name);
  const Workspaces& workspaces() const { return workspaces_; }

  // Null when there is none.
  Conversation* FindConversation(std::string_view workspace, std::string_view id);
  // Of several that have the name, the one that was opened last; null when none has.
  Conversation* FindByThreadKey(std::string_view workspace, std::string_view thread_key);
  Conversation* FindByVendorId(std::string_view workspace, std::string_view channel_account,
                               std::string_view vendor_id);
  // The first whose moment in `wakes` or `closes` has come, null when there is none.
  Conversation* DueToWake(int64_t now_ms);
  Conversation* DueToClose(int64_t until_ms);
  // Is there a conversation with that id? Leaves it at rest.
  bool Knows(std::string_view workspace, std::string_view id) const;
  // Those that do not rest.
  const Conversations& awake() const { return awake_; }
  // visit(hash, row) for each row of a workspace behind that of `after` (an id; empty: all), in an
  // order that is always the same, while it says true. Rows of equal hashes come in any order.
  // Without those at rest when `at_rest_too` is false.
  template <typename Visit>
  void ForEachRow(std::string_view workspace, std::string_view after, bool at_rest_too,
                  Visit visit) const;
  // With an empty row but for its names.
  Conversation& AddConversation(Workspace& workspace, const std::string& id,
                                const std::string& channel);
  void ForgetConversation(Conversation& conversation);
  v1::ConversationRow& Edit(Conversation& conversation);
  void Sync(Conversation& conversation);
  // It waits and may be offered to somebody to whom it could not be offered before.
  void MarkFresh(Conversation& conversation);
  // The first workspace in which agents or conversations have to be looked at, null when none is.
  Workspace* NextToMatch();
  // Is there anything left to be matched or settled? Exact after NextToMatch().
  bool HasUrgentWork() const {
    return !touched_.empty() || !doubtful_conversations.empty() || !doubtful_agents.empty();
  }

  v1::AgentRow& Edit(Agent& agent);
  void Refresh(Agent& agent);
  void ForgetAgent(Agent& agent);

  int64_t config_revision() const;
  // Compiles these workspaces' settings anew from the rows in `resources` and `meta`.
  void Configure(const absl::btree_set<std::string>& names);

  // Dies when what is derived differs from the rows, or an invariant is broken.
  void CheckInvariants() const;
  // The same for those at rest, too; reads them all.
  void CheckAtRest() const;

  const int32_t partition;
  int64_t incarnation = 0;

  Seen seen;
  Threads threads;
  Table<v1::SourceRow> sources{"source"};
  Table<v1::OptedOutRow> opted_out{"opted_out"};
  Table<config::v1::Resource> resources{"config"};
  Table<v1::ConfigRow> meta{"meta"};
  CommandMemory<engine::v1::CommandRow> commands;

  // Timers that follow from the rows: offers, exclusions, wrap-up and forgetting; and, to be
  // decided only when the log has been read so far, the end of reopen windows.
  Dues wakes;
  Dues closes;
  // Timers of this process.
  Schedule<Conversation, &Conversation::asks_ms> asks;
  Schedule<Agent, &Agent::silent_ms> silences;
  int questions_in_flight = 0;

  // The event that is being put together: always the same one, so that its memory is used again.
  conversation::v1::ConversationEvent event_in_work;

  // What a new configuration has made doubtful and is not settled yet.
  absl::btree_set<Conversation*, ByKey> doubtful_conversations;
  absl::btree_map<std::string, Agent*> doubtful_agents;  // By key.

 private:
  absl::Status LoadRow(std::string_view key, std::string_view value);
  absl::Status LoadConversations(std::span<const RowBytes> rows);
  void LoadAwake(uint64_t hash, const std::string& key, const v1::ConversationRow& row,
                 bool is_at_rest);
  Conversation& Make(uint64_t hash, std::string key, const v1::ConversationRow& row);
  Conversation& Wake(uint64_t hash, std::string key, const v1::ConversationRow& row);
  void LetRest();
  void PutToRest(Conversation& conversation);
  Conversation* FindByKey(std::string_view key);
  template <typename Has>
  Conversation* FindNamed(uint64_t name, Has has);
  Conversation* FirstOf(const Dues& dues, int64_t until_ms, int64_t Conversation::*moment);
  Placement PlacementOf(Conversation& conversation) const;
  void EnterLine(Conversation& conversation);
  void LeaveLine(Conversation& conversation);
  void Move(Conversation& conversation, const Placement& to);
  void RestoreConversations();

  const size_t awake_max_;
  Table<v1::ConversationRow> conversation_rows_;
  Table<v1::AgentRow> agent_rows_{"agent"};
  Conversations awake_;
  Schedule<Conversation, &Conversation::over_rank> over_;  // Those of them that are over.
  int64_t over_ranks_ = 0;                                 // Given out so far.
  Workspaces workspaces_;
  uint64_t batch_ = 1;  // Counts TakeChangedRows.
  // The awake ones with the moment when they came, until Restore.
  std::vector<std::pair<int64_t, Conversation*>> loaded_;
  bool restoring_ = false;

  struct ByName {
    bool operator()(const Workspace* a, const Workspace* b) const { return a->name < b->name; }
  };
  absl::btree_set<Workspace*, ByName> touched_;  // In which there may be something to match.
};

inline constexpr char kConfigRowKey[] = "config";  // In State::meta.

// The workspace that a resource belongs to; a Workspace belongs to itself.
const std::string& WorkspaceNameOf(const config::v1::Resource& resource);

// "<workspace>/<id>": how rows are keyed.
std::string RowKey(std::string_view workspace, std::string_view id);

template <typename Visit>
void State::ForEachRow(std::string_view workspace, std::string_view after, bool at_rest_too,
                       Visit visit) const {
  const uint64_t group = KeyHashGroup(workspace);
  const uint64_t from = after.empty() ? group : KeyHash(RowKey(workspace, after)) + 1;
  if (from < group) return;  // There is no number behind the last one.
  conversation_rows_.ForEachFrom(
      from, at_rest_too, [&](uint64_t hash, const std::string&, const v1::ConversationRow& row) {
        if (row.workspace() == workspace) return visit(hash, row);
        return KeyHashGroup(row.workspace()) == group;  // Another one may share the group.
      });
}

}  // namespace trama::routing
