// How State finds conversations, and how they come, go, rest and wake.

#include <utility>

#include "services/kernel/check.h"
#include "services/kernel/key_hash.h"
#include "services/routing/conversation_state.h"
#include "services/routing/state.h"

namespace trama::routing {

Conversation* State::FindConversation(std::string_view workspace, std::string_view id) {
  return FindByKey(RowKey(workspace, id));
}

Conversation* State::FindByKey(std::string_view key) {
  if (const auto it = awake_.find(key); it != awake_.end()) return it->second.get();
  const v1::ConversationRow* row = conversation_rows_.Find(key);
  return row == nullptr ? nullptr : &Wake(KeyHash(key), std::string(key), *row);
}

bool State::Knows(std::string_view workspace, std::string_view id) const {
  return conversation_rows_.Has(RowKey(workspace, id));
}

template <typename Has>
Conversation* State::FindNamed(uint64_t name, Has has) {
  const std::string* found = nullptr;
  threads.Search(name, [&](uint64_t hash) {
    found = conversation_rows_.FindKey(
        hash, [&](const std::string&, const v1::ConversationRow& row) { return has(row); });
    return found != nullptr;
  });
  return found == nullptr ? nullptr : FindByKey(*found);
}

Conversation* State::FindByThreadKey(std::string_view workspace, std::string_view thread_key) {
  if (thread_key.empty()) return nullptr;
  return FindNamed(Threads::OfThreadKey(workspace, thread_key),
                   [&](const v1::ConversationRow& row) {
                     return Threads::HasThreadKey(row, workspace, thread_key);
                   });
}

Conversation* State::FindByVendorId(std::string_view workspace, std::string_view channel_account,
                                    std::string_view vendor_id) {
  if (vendor_id.empty()) return nullptr;
  return FindNamed(Threads::OfVendorId(workspace, channel_account, vendor_id),
                   [&](const v1::ConversationRow& row) {
                     return Threads::HasVendorId(row, workspace, channel_account, vendor_id);
                   });
}

Conversation* State::DueToWake(int64_t now_ms) {
  return FirstOf(wakes, now_ms, &Conversation::wakes_ms);
}

Conversation* State::DueToClose(int64_t until_ms) {
  return FirstOf(closes, until_ms, &Conversation::closes_ms);
}

Conversation* State::FirstOf(const Dues& dues, int64_t until_ms, int64_t Conversation::*moment) {
  if (!dues.IsDue(until_ms)) return nullptr;
  const std::string* key = conversation_rows_.FindKey(
      dues.FirstHash(), [&](const std::string& candidate, const v1::ConversationRow&) {
        return FindByKey(candidate)->*moment == dues.First();
      });
  TRAMA_CHECK(key != nullptr);
  return FindByKey(*key);
}

Conversation& State::Make(uint64_t hash, std::string key, const v1::ConversationRow& row) {
  auto made = std::make_unique<Conversation>();
  Conversation& conversation = *made;
  conversation.hash = hash;
  conversation.key = std::move(key);
  conversation.workspace = &WorkspaceOf(row.workspace());
  conversation.row.Set(row);
  conversation.channel_class = conversation.workspace->ClassOf(row.channel());
  touched_.insert(conversation.workspace);  // For a new channel everybody may have room.
  TRAMA_CHECK(awake_.emplace(conversation.key, std::move(made)).second);
  return conversation;
}

Conversation& State::Wake(uint64_t hash, std::string key, const v1::ConversationRow& row) {
  TRAMA_CHECK(MayRest(row));
  Conversation& conversation = Make(hash, std::move(key), row);
  // These moments did not rest.
  conversation.wakes_ms = WakesAtMs(row);
  conversation.closes_ms = ClosesAtMs(row);
  Sync(conversation);
  return conversation;
}

void State::LetRest() {
  for (size_t left = over_.size(); left > 0 && over_.size() > awake_max_; --left) {
    Conversation& conversation = *over_.Due(INT64_MAX);
    const bool is_asked_about = conversation.asking || conversation.asks_ms != 0;
    if (is_asked_about || doubtful_conversations.contains(&conversation)) {
      over_.Set(conversation, ++over_ranks_);
    } else {
      PutToRest(conversation);
    }
  }
}

// Its row follows when it has been written.
void State::PutToRest(Conversation& conversation) {
  over_.Set(conversation, 0);
  conversation_rows_.Leave(conversation.key);
  awake_.erase(std::string_view(conversation.key));
}

Conversation& State::AddConversation(Workspace& workspace, const std::string& id,
                                     const std::string& channel) {
  const std::string key = RowKey(workspace.name, id);
  v1::ConversationRow& row = conversation_rows_.Put(key);
  row.set_workspace(workspace.name);
  row.set_conversation_id(id);
  row.set_channel(channel);
  Conversation& conversation = Make(KeyHash(key), key, row);
  conversation.editable_row = &row;
  conversation.edited_in = batch_;
  return conversation;
}

void State::ForgetConversation(Conversation& conversation) {
  threads.Remove(conversation.hash, *conversation.row);
  Move(conversation, Placement{});
  if (conversation.asking) --questions_in_flight;
  wakes.Move(conversation.hash, conversation.wakes_ms, 0);
  closes.Move(conversation.hash, conversation.closes_ms, 0);
  asks.Set(conversation, 0);
  doubtful_conversations.erase(&conversation);
  over_.Set(conversation, 0);
  const std::string key = conversation.key;
  awake_.erase(std::string_view(key));
  conversation_rows_.Erase(key);
}

v1::ConversationRow& State::Edit(Conversation& conversation) {
  if (conversation.edited_in != batch_) {
    conversation.editable_row = conversation_rows_.Edit(conversation.key);
    conversation.edited_in = batch_;
  }
  return *conversation.editable_row;
}

}  // namespace trama::routing
