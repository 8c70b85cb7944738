#include "services/routing/threads.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/routing/limits.h"

namespace trama::routing {
namespace {

uint64_t NumberOf(const std::string& name) {
  uint64_t number = 0;
  std::memcpy(&number, Sha256(name).data(), sizeof(number));
  return number;
}

uint64_t ThreadName(const v1::ConversationRow& row, std::string_view key) {
  return Threads::OfThreadKey(row.workspace(), key);
}

uint64_t VendorName(const v1::ConversationRow& row, std::string_view vendor_id) {
  return Threads::OfVendorId(row.workspace(), row.channel_account(), vendor_id);
}

template <typename List>
bool Contains(const List& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

// Names of different kinds never meet: the first letter tells them apart.
uint64_t Threads::OfThreadKey(std::string_view workspace, std::string_view key) {
  return NumberOf(absl::StrCat("t/", ToAbsl(workspace), "/", ToAbsl(key)));
}

uint64_t Threads::OfVendorId(std::string_view workspace, std::string_view account,
                             std::string_view vendor_id) {
  return NumberOf(
      absl::StrCat("v/", ToAbsl(workspace), "/", ToAbsl(account), "/", ToAbsl(vendor_id)));
}

bool Threads::HasThreadKey(const v1::ConversationRow& row, std::string_view workspace,
                           std::string_view key) {
  return row.workspace() == workspace && Contains(row.thread_keys(), key);
}

bool Threads::HasVendorId(const v1::ConversationRow& row, std::string_view workspace,
                          std::string_view account, std::string_view vendor_id) {
  return row.workspace() == workspace && row.channel_account() == account &&
         Contains(row.vendor_message_ids(), vendor_id);
}

template <typename Put>
void Threads::ForEachName(const v1::ConversationRow& row, Put put) {
  for (const std::string& key : row.thread_keys()) put(ThreadName(row, key));
  for (const std::string& id : row.vendor_message_ids()) put(VendorName(row, id));
}

void Threads::Add(uint64_t hash, const v1::ConversationRow& row) {
  ForEachName(row, [&](uint64_t name) { Insert(name, hash, row); });
}

void Threads::Load(uint64_t hash, const v1::ConversationRow& row) {
  ForEachName(row, [&](uint64_t name) { loaded_.push_back({name, row.opened_at_ms(), hash}); });
}

void Threads::Restore() {
  auto entries = std::exchange(loaded_, {});
  std::sort(entries.begin(), entries.end());
  for (const Entry& entry : entries) index_.insert(index_.end(), entry);
}

void Threads::Remove(uint64_t hash, const v1::ConversationRow& row) {
  ForEachName(row, [&](uint64_t name) { Erase(name, hash, row); });
}

void Threads::AddThreadKey(uint64_t hash, v1::ConversationRow& row, const std::string& key) {
  if (key.empty() || Contains(row.thread_keys(), key)) return;
  if (row.thread_keys_size() >= kThreadKeysMax) return;
  row.add_thread_keys(key);
  Insert(ThreadName(row, key), hash, row);
}

void Threads::AddVendorId(uint64_t hash, v1::ConversationRow& row, const std::string& id) {
  if (id.empty() || id.size() > kVendorIdMaxBytes || Contains(row.vendor_message_ids(), id)) return;
  auto& ids = *row.mutable_vendor_message_ids();
  if (ids.size() >= kVendorIdsMax) {
    // The first stays: it names the thread for mail programs.
    Erase(VendorName(row, ids[1]), hash, row);
    ids.erase(ids.begin() + 1);
  }
  *ids.Add() = id;
  Insert(VendorName(row, id), hash, row);
}

void Threads::Insert(uint64_t name, uint64_t hash, const v1::ConversationRow& row) {
  index_.insert({name, row.opened_at_ms(), hash});
}

void Threads::Erase(uint64_t name, uint64_t hash, const v1::ConversationRow& row) {
  const auto it = index_.find({name, row.opened_at_ms(), hash});
  TRAMA_CHECK(it != index_.end());
  index_.erase(it);
}

}  // namespace trama::routing
