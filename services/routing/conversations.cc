// How State finds conversations, and how they come and go.

#include <utility>

#include "services/kernel/check.h"
#include "services/kernel/key_hash.h"
#include "services/routing/state.h"

namespace trama::routing {

Conversation* State::FindConversation(std::string_view workspace, std::string_view id) {
  return FindByKey(RowKey(workspace, id));
}

Conversation* State::FindByKey(std::string_view key) {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : it->second;
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

std::unique_ptr<Conversation> State::Make(std::string key, v1::ConversationRow* row) {
  auto conversation = std::make_unique<Conversation>();
  conversation->hash = KeyHash(key);
  conversation->key = std::move(key);
  conversation->workspace = &WorkspaceOf(row->workspace());
  conversation->row = row;
  conversation->editable_row = row;
  conversation->channel_class = conversation->workspace->ClassOf(row->channel());
  touched_.insert(conversation->workspace);  // For a new channel everybody may have room.
  return conversation;
}

Conversation& State::File(std::unique_ptr<Conversation> made) {
  Conversation& conversation = *made;
  conversations_.emplace_hint(conversations_.end(), conversation.key, std::move(made));
  TRAMA_CHECK(by_key_.emplace(conversation.key, &conversation).second);
  return conversation;
}

Conversation& State::AddConversation(Workspace& workspace, const std::string& id,
                                     const std::string& channel) {
  const std::string key = RowKey(workspace.name, id);
  v1::ConversationRow& row = conversation_rows_.Put(key);
  row.set_workspace(workspace.name);
  row.set_conversation_id(id);
  row.set_channel(channel);
  Conversation& conversation = File(Make(key, &row));
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
  const std::string key = conversation.key;
  by_key_.erase(key);
  conversations_.erase(key);
  conversation_rows_.Erase(key);
}

v1::ConversationRow& State::Edit(Conversation& conversation) {
  if (conversation.edited_in != batch_) {
    conversation_rows_.Edit(conversation.key);
    conversation.edited_in = batch_;
  }
  return *conversation.editable_row;
}

}  // namespace trama::routing
