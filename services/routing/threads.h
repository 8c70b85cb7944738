#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/container/btree_set.h"
#include "services/routing/model.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::routing {

// Finds the conversation that a message belongs to (domain rules: B8). Two indexes over the rows:
// the channel's thread keys, and the vendor ids of messages per channel account. Of several
// conversations that a key names, the one that was opened last counts.
class Threads {
 public:
  // Puts the conversation's keys and ids into the indexes; those it has already are left alone.
  void Add(Conversation& conversation);
  void Remove(Conversation& conversation);
  // Notes one more key or vendor id, within the limits of the row.
  void AddThreadKey(Conversation& conversation, v1::ConversationRow& row, const std::string& key);
  void AddVendorId(Conversation& conversation, v1::ConversationRow& row, const std::string& id);

  // Null when no message with that key, or vendor id, is known in the workspace and account.
  Conversation* ByThreadKey(std::string_view workspace, std::string_view thread_key) const;
  Conversation* ByVendorId(std::string_view workspace, std::string_view channel_account,
                           std::string_view vendor_id) const;

  size_t size() const { return index_.size(); }

 private:
  using Entry = std::tuple<std::string, int64_t, Conversation*>;  // name, opened_at_ms
  struct Before {
    bool operator()(const Entry& a, const Entry& b) const {
      if (std::get<0>(a) != std::get<0>(b)) return std::get<0>(a) < std::get<0>(b);
      if (std::get<1>(a) != std::get<1>(b)) return std::get<1>(a) < std::get<1>(b);
      const Conversation* left = std::get<2>(a);
      const Conversation* right = std::get<2>(b);
      if (left == nullptr || right == nullptr) return left == nullptr && right != nullptr;
      return left->key < right->key;
    }
  };

  Conversation* Newest(const std::string& name) const;

  absl::btree_set<Entry, Before> index_;
};

}  // namespace trama::routing
