#include "services/routing/threads.h"

#include <algorithm>
#include <limits>

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

template <typename List>
bool Contains(const List& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

void Threads::Add(Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  const int64_t opened = row.opened_at_ms();
  for (const std::string& key : row.thread_keys()) {
    index_.emplace(ThreadName(row.workspace(), key), opened, &conversation);
  }
  for (const std::string& id : row.vendor_message_ids()) {
    index_.emplace(VendorName(row, id), opened, &conversation);
  }
}

void Threads::Remove(Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  const int64_t opened = row.opened_at_ms();
  for (const std::string& key : row.thread_keys()) {
    index_.erase({ThreadName(row.workspace(), key), opened, &conversation});
  }
  for (const std::string& id : row.vendor_message_ids()) {
    index_.erase({VendorName(row, id), opened, &conversation});
  }
}

void Threads::AddThreadKey(Conversation& conversation, v1::ConversationRow& row,
                           const std::string& key) {
  if (key.empty() || Contains(row.thread_keys(), key)) return;
  if (row.thread_keys_size() >= kThreadKeysMax) return;
  row.add_thread_keys(key);
  index_.emplace(ThreadName(row.workspace(), key), row.opened_at_ms(), &conversation);
}

void Threads::AddVendorId(Conversation& conversation, v1::ConversationRow& row,
                          const std::string& id) {
  if (id.empty() || id.size() > kVendorIdMaxBytes || Contains(row.vendor_message_ids(), id)) return;
  auto& ids = *row.mutable_vendor_message_ids();
  if (ids.size() >= kVendorIdsMax) {
    // The first stays: it names the thread for mail programs.
    index_.erase({VendorName(row, ids[1]), row.opened_at_ms(), &conversation});
    ids.erase(ids.begin() + 1);
  }
  *ids.Add() = id;
  index_.emplace(VendorName(row, id), row.opened_at_ms(), &conversation);
}

Conversation* Threads::ByThreadKey(std::string_view workspace, std::string_view thread_key) const {
  return thread_key.empty() ? nullptr : Newest(ThreadName(workspace, thread_key));
}

Conversation* Threads::ByVendorId(std::string_view workspace, std::string_view channel_account,
                                  std::string_view vendor_id) const {
  return vendor_id.empty() ? nullptr : Newest(VendorName(workspace, channel_account, vendor_id));
}

Conversation* Threads::Newest(const std::string& name) const {
  auto it = index_.upper_bound({name, std::numeric_limits<int64_t>::max(), nullptr});
  if (it == index_.begin()) return nullptr;
  --it;
  return std::get<0>(*it) == name ? std::get<2>(*it) : nullptr;
}

}  // namespace trama::routing
