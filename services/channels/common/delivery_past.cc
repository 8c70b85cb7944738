#include "services/channels/common/delivery_past.h"

#include "services/channels/common/proto_time.h"

namespace trama::channels {

namespace dv = delivery::v1;

bool IsFinal(dv::Status status) {
  switch (status) {
    case dv::STATUS_SENT:
    case dv::STATUS_DELIVERED:
    case dv::STATUS_READ:
    case dv::STATUS_FAILED:
      return true;
    default:
      return false;
  }
}

void DeliveryPast::Fold(const dv::Delivery& delivery) {
  MessagePast& past = messages_[delivery.message_id()];
  if (IsFinal(delivery.status())) past.finished = true;
  if (past.finished) return;

  past.status = delivery.status();
  past.attempt = delivery.attempt();
  past.lost = false;
  if (delivery.status() == dv::STATUS_ATTEMPTING) {
    past.attempted_at = FromProto(delivery.occurred_at());
  }
  if (delivery.status() == dv::STATUS_UNKNOWN) {
    ++past.unknowns;
    past.lost = delivery.attempt_lost();
  }
  if (delivery.has_next_attempt_at()) past.next_at = FromProto(delivery.next_attempt_at());
  past.failure = delivery.failure();
}

MessagePast DeliveryPast::Take(const std::string& message_id) {
  const auto it = messages_.find(message_id);
  if (it == messages_.end()) return {};
  MessagePast past = std::move(it->second);
  messages_.erase(it);
  return past;
}

void FinishedMessages::Add(const std::string& message_id) {
  if (!ids_.insert(message_id).second) return;
  newest_.push_back(message_id);
  if (newest_.size() <= kMax) return;
  ids_.erase(newest_.front());
  newest_.pop_front();
}

void VendorIds::Add(const std::string& message_id, const std::string& vendor_id) {
  if (vendor_id.empty()) return;
  newest_.emplace_back(message_id, vendor_id);
  if (newest_.size() > kMax) newest_.pop_front();
}

std::shared_ptr<const std::set<std::string>> VendorIds::AllBut(
    const std::string& message_id) const {
  auto ids = std::make_shared<std::set<std::string>>();
  for (const auto& [owner, vendor_id] : newest_) {
    if (owner != message_id) ids->insert(vendor_id);
  }
  return ids;
}

}  // namespace trama::channels
