#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
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
  // Memory for so many, before they are added.
  void Reserve(size_t conversations) { index_.reserve(conversations); }
  // Notes one more key or vendor id, within the limits of the row.
  void AddThreadKey(Conversation& conversation, v1::ConversationRow& row, const std::string& key);
  void AddVendorId(Conversation& conversation, v1::ConversationRow& row, const std::string& id);

  // Null when no message with that key, or vendor id, is known in the workspace and account.
  Conversation* ByThreadKey(std::string_view workspace, std::string_view thread_key) const;
  Conversation* ByVendorId(std::string_view workspace, std::string_view channel_account,
                           std::string_view vendor_id) const;

  size_t size() const { return index_.size(); }

 private:
  using Named = absl::InlinedVector<Conversation*, 1>;  // Mostly one.

  void Insert(std::string name, Conversation& conversation);
  void Erase(const std::string& name, Conversation& conversation);
  Conversation* Newest(const std::string& name) const;

  // Only looked up, never gone through: the order of a hash must not reach an effect.
  absl::flat_hash_map<std::string, Named> index_;
};

}  // namespace trama::routing
