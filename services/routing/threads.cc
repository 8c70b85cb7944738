#include "services/routing/threads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/routing/limits.h"

namespace trama::routing {
namespace {

// Names of different kinds never meet: the first letter tells them apart.
std::string ThreadName(std::string_view workspace, std::string_view key) {
  return absl::StrCat("t/", ToAbsl(workspace), "/", ToAbsl(key));
}

std::string VendorName(std::string_view workspace, std::string_view account,
                       std::string_view vendor_id) {
  return absl::StrCat("v/", ToAbsl(workspace), "/", ToAbsl(account), "/", ToAbsl(vendor_id));
}

std::string VendorName(const v1::ConversationRow& row, std::string_view vendor_id) {
  return VendorName(row.workspace(), row.channel_account(), vendor_id);
}

template <typename List, typename Element>
bool Contains(const List& list, const Element& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

void Threads::Add(Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  for (const std::string& key : row.thread_keys()) {
    Insert(ThreadName(row.workspace(), key), conversation);
  }
  for (const std::string& id : row.vendor_message_ids()) {
    Insert(VendorName(row, id), conversation);
  }
}

void Threads::Remove(Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  for (const std::string& key : row.thread_keys()) {
    Erase(ThreadName(row.workspace(), key), conversation);
  }
  for (const std::string& id : row.vendor_message_ids()) {
    Erase(VendorName(row, id), conversation);
  }
}

void Threads::AddThreadKey(Conversation& conversation, v1::ConversationRow& row,
                           const std::string& key) {
  if (key.empty() || Contains(row.thread_keys(), key)) return;
  if (row.thread_keys_size() >= kThreadKeysMax) return;
  row.add_thread_keys(key);
  Insert(ThreadName(row.workspace(), key), conversation);
}

void Threads::AddVendorId(Conversation& conversation, v1::ConversationRow& row,
                          const std::string& id) {
  if (id.empty() || id.size() > kVendorIdMaxBytes || Contains(row.vendor_message_ids(), id)) return;
  auto& ids = *row.mutable_vendor_message_ids();
  if (ids.size() >= kVendorIdsMax) {
    // The first stays: it names the thread for mail programs.
    Erase(VendorName(row, ids[1]), conversation);
    ids.erase(ids.begin() + 1);
  }
  *ids.Add() = id;
  Insert(VendorName(row, id), conversation);
}

Conversation* Threads::ByThreadKey(std::string_view workspace, std::string_view thread_key) const {
  return thread_key.empty() ? nullptr : Newest(ThreadName(workspace, thread_key));
}

Conversation* Threads::ByVendorId(std::string_view workspace, std::string_view channel_account,
                                  std::string_view vendor_id) const {
  return vendor_id.empty() ? nullptr : Newest(VendorName(workspace, channel_account, vendor_id));
}

void Threads::Insert(std::string name, Conversation& conversation) {
  Named& named = index_[std::move(name)];
  if (!Contains(named, &conversation)) named.push_back(&conversation);
}

void Threads::Erase(const std::string& name, Conversation& conversation) {
  const auto it = index_.find(name);
  if (it == index_.end()) return;
  Named& named = it->second;
  named.erase(std::remove(named.begin(), named.end(), &conversation), named.end());
  if (named.empty()) index_.erase(it);
}

Conversation* Threads::Newest(const std::string& name) const {
  const auto it = index_.find(name);
  if (it == index_.end()) return nullptr;
  return *std::max_element(it->second.begin(), it->second.end(),
                           [](const Conversation* a, const Conversation* b) {
                             const int64_t opened_a = a->row->opened_at_ms();
                             const int64_t opened_b = b->row->opened_at_ms();
                             return opened_a != opened_b ? opened_a < opened_b : a->key < b->key;
                           });
}

}  // namespace trama::routing
