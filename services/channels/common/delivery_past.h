#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "services/channels/common/send_outcome.h"

namespace trama::channels {

// Statuses from which nothing follows for delivery: the vendor has the message, or never will.
bool IsFinal(delivery::v1::Status status);

// What the log of deliveries says about one message.
struct MessagePast {
  bool finished = false;
  delivery::v1::Status status =
      delivery::v1::STATUS_UNSPECIFIED;  // The last one of delivery itself.
  int32_t attempt = 0;
  absl::Time attempted_at;
  int32_t unknowns = 0;  // How many attempts have ended without a known outcome.
  bool lost = false;     // The last of them because its process ended.
  absl::Time next_at = absl::InfinitePast();
  delivery::v1::Failure failure;
};

// The deliveries of one partition number since the oldest unfinished message, folded in the order
// of the log: what an owner learns at takeover.
class DeliveryPast {
 public:
  void Fold(const delivery::v1::Delivery& delivery);

  // What is known of a message; taken out, since it is asked for once. A default one when nothing.
  MessagePast Take(const std::string& message_id);
  void Clear() { messages_.clear(); }
  size_t size() const { return messages_.size(); }

 private:
  absl::btree_map<std::string, MessagePast> messages_;
};

// Messages that were finished lately, the newest kMax: a repeated outbound record must not leave
// again.
class FinishedMessages {
 public:
  static constexpr size_t kMax = 50'000;

  void Add(const std::string& message_id);
  bool Has(const std::string& message_id) const { return ids_.contains(message_id); }

 private:
  std::deque<std::string> newest_;
  absl::btree_set<std::string> ids_;
};

// Vendor ids that messages of ours are known to have, the newest kMax, so that a search at the
// vendor does not take one message for another.
class VendorIds {
 public:
  static constexpr size_t kMax = 20'000;

  void Add(const std::string& message_id, const std::string& vendor_id);
  // Those of every other message.
  std::shared_ptr<const std::set<std::string>> AllBut(const std::string& message_id) const;

 private:
  std::deque<std::pair<std::string, std::string>> newest_;  // message id, vendor id
};

}  // namespace trama::channels
