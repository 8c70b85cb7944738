#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_set.h"
#include "trama/routing/v1/routing_rows.pb.h"

namespace trama::routing {

// By which names messages find their conversation (domain rules: B8): the channel's thread keys,
// and the vendor ids of messages per channel account. An index over the rows of all conversations,
// most of which are at rest, so it holds numbers instead of names; whoever finds something asks the
// row whether it really has that name.
class Threads {
 public:
  // Puts the conversation's keys and ids into the index, once; `hash` is its KeyHash.
  void Add(uint64_t hash, const v1::ConversationRow& row);
  // The same for many, faster: each waits for Restore, where they are put in order first and each
  // goes to the end of an empty index.
  void Load(uint64_t hash, const v1::ConversationRow& row);
  void Restore();
  void Remove(uint64_t hash, const v1::ConversationRow& row);
  // Notes one more key or vendor id, within the limits of the row.
  void AddThreadKey(uint64_t hash, v1::ConversationRow& row, const std::string& key);
  void AddVendorId(uint64_t hash, v1::ConversationRow& row, const std::string& id);

  // What stands for a name. Whoever writes to us chooses the names, so these must not be easy to
  // make equal.
  static uint64_t OfThreadKey(std::string_view workspace, std::string_view key);
  static uint64_t OfVendorId(std::string_view workspace, std::string_view account,
                             std::string_view vendor_id);
  static bool HasThreadKey(const v1::ConversationRow& row, std::string_view workspace,
                           std::string_view key);
  static bool HasVendorId(const v1::ConversationRow& row, std::string_view workspace,
                          std::string_view account, std::string_view vendor_id);

  // The conversations of that name, the one that was opened last first, until `visit(hash)` says
  // that it is the right one.
  template <typename Visit>
  void Search(uint64_t name, Visit visit) const {
    for (auto it = index_.lower_bound({name, INT64_MAX, UINT64_MAX});
         it != index_.end() && it->name == name; ++it) {
      if (visit(it->conversation)) return;
    }
  }

  size_t size() const { return index_.size(); }

 private:
  struct Entry {
    uint64_t name = 0;
    int64_t opened_at_ms = 0;
    uint64_t conversation = 0;

    // By name, then the newest.
    friend bool operator<(const Entry& a, const Entry& b) {
      if (a.name != b.name) return a.name < b.name;
      if (a.opened_at_ms != b.opened_at_ms) return a.opened_at_ms > b.opened_at_ms;
      return a.conversation > b.conversation;
    }
  };

  // put(name) for each name of the row.
  template <typename Put>
  static void ForEachName(const v1::ConversationRow& row, Put put);
  void Insert(uint64_t name, uint64_t hash, const v1::ConversationRow& row);
  void Erase(uint64_t name, uint64_t hash, const v1::ConversationRow& row);

  // One for each name of a row, however the numbers may coincide.
  absl::btree_multiset<Entry> index_;
  std::vector<Entry> loaded_;  // Until Restore.
};

}  // namespace trama::routing
