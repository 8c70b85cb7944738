#include "services/routing/state.h"

#include <algorithm>
#include <future>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/routing/conversation_state.h"
#include "services/routing/settings.h"

namespace trama::routing {
namespace {

constexpr size_t kManyConversations = 1000;

void SetMoment(Dues& dues, const Conversation& conversation, int64_t& moment_ms, int64_t to_ms) {
  dues.Move(conversation.hash, moment_ms, to_ms);
  moment_ms = to_ms;
}

}  // namespace

std::string RowKey(std::string_view workspace, std::string_view id) {
  return absl::StrCat(ToAbsl(workspace), "/", ToAbsl(id));
}

const std::string& WorkspaceNameOf(const config::v1::Resource& resource) {
  return resource.has_workspace() ? resource.metadata().name() : resource.metadata().workspace();
}

State::State(int32_t partition_in, Rest rest)
    : partition(partition_in),
      seen(rest.make_archive()),
      commands("command", CommandMemory<engine::v1::CommandRow>::kCountMax, rest.make_archive()),
      awake_max_(rest.awake_max),
      conversation_rows_("conversation", rest.make_archive()) {}

void State::TakeArchive(std::string_view table, std::shared_ptr<Archive> archive) {
  if (table == conversation_rows_.name()) conversation_rows_.TakeArchive(std::move(archive));
  if (table == seen.name()) seen.TakeArchive(std::move(archive));
  if (table == commands.name()) commands.TakeArchive(std::move(archive));
}

absl::Status State::LoadRows(std::span<const RowBytes> rows) {
  if (rows.empty()) return absl::OkStatus();
  const std::string_view table = SplitRowKey(rows.front().key).first;
  if (table == conversation_rows_.name()) return LoadConversations(rows);
  if (table == seen.name()) return seen.LoadAll(rows);
  if (table == commands.name()) return commands.LoadAll(rows);
  for (const RowBytes& row : rows) {
    if (absl::Status loaded = LoadRow(row.key, row.value); !loaded.ok()) return loaded;
  }
  return absl::OkStatus();
}

absl::Status State::LoadRow(std::string_view key, std::string_view value) {
  const auto [table, id] = SplitRowKey(key);
  if (table == agent_rows_.name()) return agent_rows_.Load(id, value).status();
  if (table == sources.name()) return sources.Load(id, value).status();
  if (table == opted_out.name()) return opted_out.Load(id, value).status();
  if (table == resources.name()) return resources.Load(id, value).status();
  if (table == meta.name()) return meta.Load(id, value).status();
  return absl::DataLossError(
      absl::StrCat("row ", ToAbsl(key), " is of a table that routing does not know"));
}

// Nothing else touches what follows from conversations until Restore.
absl::Status State::LoadConversations(std::span<const RowBytes> rows) {
  const auto where = [](const std::string&, const v1::ConversationRow& row) {
    if (MayRest(row)) return LoadedTo::kRest;
    return OnlyWaits(row) ? LoadedTo::kRestUntilAsked : LoadedTo::kMemory;
  };
  return conversation_rows_.LoadAll(
      rows, where,
      [this](uint64_t hash, const std::string& key, const v1::ConversationRow& row, LoadedTo to) {
        if (to != LoadedTo::kRest) {
          LoadAwake(hash, key, row, to == LoadedTo::kRestUntilAsked);
          return;
        }
        threads.Add(hash, row);
        wakes.Move(hash, 0, WakesAtMs(row));
        closes.Move(hash, 0, ClosesAtMs(row));
      });
}

// What is taken from the row here does not have to be looked for again in Restore, when the row is
// far away.
void State::LoadAwake(uint64_t hash, const std::string& key, const v1::ConversationRow& row,
                      bool is_at_rest) {
  threads.Load(hash, row);
  Conversation& conversation = Make(hash, key, row);
  loaded_.emplace_back(row.first_enqueued_at_ms(), &conversation);
  if (!is_at_rest) return;
  // In its line and among the dues it is not before Restore.
  conversation.placement = PlacementOf(conversation);
  conversation.wakes_ms = WakesAtMs(row);
  conversation.row = {};
  conversation.row.SetAtRest(conversation_rows_, conversation.key);
}

std::vector<RowChange> State::TakeChangedRows() {
  std::vector<RowChange> changes;
  LetRest();
  conversation_rows_.TakeChanges(
      changes, [this](const std::string& key, const auto&) { return !awake_.contains(key); });
  agent_rows_.TakeChanges(changes);
  seen.TakeChanges(changes);
  sources.TakeChanges(changes);
  opted_out.TakeChanges(changes);
  resources.TakeChanges(changes);
  meta.TakeChanges(changes);
  commands.TakeChanges(changes);
  ++batch_;
  std::sort(changes.begin(), changes.end(),
            [](const RowChange& a, const RowChange& b) { return a.key < b.key; });
  return changes;
}

void State::Restore() {
  seen.Restore();
  for (const auto& [key, resource] : resources.InKeyOrder()) {
    WorkspaceOf(WorkspaceNameOf(*resource));
  }
  for (const auto& [key, row] : agent_rows_.InKeyOrder()) {
    const auto [workspace, name] = SplitRowKey(key);
    WorkspaceOf(workspace).roster.Get(name).row = row;
  }
  absl::btree_set<std::string> names;
  for (const auto& [name, workspace] : workspaces_) names.insert(name);
  Configure(names);
  RestoreConversations();
}

void State::RestoreConversations() {
  auto by_arrival = std::exchange(loaded_, {});
  // By a thread of its own, if there are many: nothing else touches `threads`.
  const auto how =
      by_arrival.size() < kManyConversations ? std::launch::deferred : std::launch::async;
  const std::future<void> named = std::async(how, [&] { threads.Restore(); });
  // So that nearly each goes to the end of its line.
  std::sort(by_arrival.begin(), by_arrival.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->key < b.second->key;
  });
  restoring_ = true;
  for (const auto& [arrived_ms, conversation] : by_arrival) {
    if (conversation->row.is_at_hand()) {
      Sync(*conversation);
    } else {
      EnterLine(*conversation);
      wakes.Move(conversation->hash, 0, conversation->wakes_ms);
    }
  }
  restoring_ = false;
  named.wait();
}

Workspace& State::WorkspaceOf(std::string_view name) {
  if (Workspace* workspace = FindWorkspace(name)) return *workspace;
  auto workspace = std::make_unique<Workspace>(std::string(name));
  return *workspaces_.emplace(std::string(name), std::move(workspace)).first->second;
}

Workspace* State::FindWorkspace(std::string_view name) {
  const auto it = workspaces_.find(name);
  return it == workspaces_.end() ? nullptr : it->second.get();
}

void State::Configure(const absl::btree_set<std::string>& names) {
  absl::btree_map<std::string, std::vector<const config::v1::Resource*>> by_workspace;
  for (const auto& [key, resource] : resources.InKeyOrder()) {
    const std::string& name = WorkspaceNameOf(*resource);
    if (names.contains(name)) by_workspace[name].push_back(resource);
  }
  for (const std::string& name : names) {
    Workspace& workspace = WorkspaceOf(name);
    workspace.Configure(CompileSettings(name, by_workspace[name]));
    touched_.insert(&workspace);
  }
}

v1::AgentRow& State::Edit(Agent& agent) {
  if (agent.edited_in != batch_) {
    agent.editable_row = &agent_rows_.Put(agent.key);
    agent.row = agent.editable_row;
    agent.edited_in = batch_;
  }
  return *agent.editable_row;
}

void State::ForgetAgent(Agent& agent) {
  silences.Set(agent, 0);
  doubtful_agents.erase(agent.key);
  agent_rows_.Erase(agent.key);
  agent.row = agent.editable_row = nullptr;
  agent.edited_in = 0;
  agent.workspace->roster.Forget(agent);
}

void State::MarkFresh(Conversation& conversation) {
  // Whoever has room looks at all that waits; no conversation has to look for him.
  if (restoring_) return;
  const Placement& placement = conversation.placement;
  if (placement.state != conversation::v1::STATE_QUEUED || placement.line->index < 0) return;
  conversation.workspace->fresh.insert(placement.place);
  touched_.insert(conversation.workspace);
}

void State::Refresh(Agent& agent) {
  agent.workspace->roster.Refresh(agent);
  touched_.insert(agent.workspace);
}

Workspace* State::NextToMatch() {
  while (!touched_.empty()) {
    Workspace* const workspace = *touched_.begin();
    if (workspace->HasToMatch()) return workspace;
    touched_.erase(touched_.begin());
  }
  return nullptr;
}

int64_t State::config_revision() const {
  const v1::ConfigRow* config = meta.Find(kConfigRowKey);
  return config == nullptr ? 0 : config->revision();
}

Placement State::PlacementOf(Conversation& conversation) const {
  const v1::ConversationRow& row = *conversation.row;
  Workspace& workspace = *conversation.workspace;
  Placement placement;
  placement.state = row.state();
  if (IsInLine(row.state())) placement.line = &workspace.lines.Get(row.queue());
  if (row.state() == conversation::v1::STATE_QUEUED) {
    const int64_t score = row.first_enqueued_at_ms() - row.priority() * kPriorityStepMs;
    placement.place = {score, row.first_enqueued_at_ms(), &conversation};
    placement.enqueued_ms = row.enqueued_at_ms();
  }
  if (HoldsCapacity(row.state())) {
    placement.holder = &workspace.roster.Get(row.agent_id());
    placement.units = row.units();
  }
  return placement;
}

void State::EnterLine(Conversation& conversation) {
  const Placement& placement = conversation.placement;
  Workspace& workspace = *conversation.workspace;
  if (placement.state == conversation::v1::STATE_QUEUED) {
    workspace.lines.Add(*placement.line, conversation.channel_class, placement.place,
                        placement.enqueued_ms);
    MarkFresh(conversation);
  }
  if (placement.state == conversation::v1::STATE_OFFERED) ++placement.line->offered_count;
  if (placement.state == conversation::v1::STATE_ASSIGNED) ++placement.line->assigned_count;
}

void State::LeaveLine(Conversation& conversation) {
  const Placement& placement = conversation.placement;
  Workspace& workspace = *conversation.workspace;
  if (placement.state == conversation::v1::STATE_QUEUED) {
    workspace.lines.Remove(*placement.line, conversation.channel_class, placement.place,
                           placement.enqueued_ms);
    workspace.fresh.erase(placement.place);
  }
  if (placement.state == conversation::v1::STATE_OFFERED) --placement.line->offered_count;
  if (placement.state == conversation::v1::STATE_ASSIGNED) --placement.line->assigned_count;
}

void State::Move(Conversation& conversation, const Placement& to) {
  Roster& roster = conversation.workspace->roster;
  Agent* const before = conversation.placement.holder;
  LeaveLine(conversation);
  if (before != nullptr) roster.Release(*before, conversation, conversation.placement.units);
  conversation.placement = to;
  EnterLine(conversation);
  if (to.holder != nullptr) roster.Hold(*to.holder, conversation, to.units);
  if (before != nullptr) Refresh(*before);
  if (to.holder != nullptr && to.holder != before) Refresh(*to.holder);
}

void State::Sync(Conversation& conversation) {
  const Placement placement = PlacementOf(conversation);
  if (!(placement == conversation.placement)) Move(conversation, placement);
  const v1::ConversationRow& row = *conversation.row;
  SetMoment(wakes, conversation, conversation.wakes_ms, WakesAtMs(row));
  SetMoment(closes, conversation, conversation.closes_ms, ClosesAtMs(row));
  over_.Set(conversation, MayRest(row) ? ++over_ranks_ : 0);
}

}  // namespace trama::routing
