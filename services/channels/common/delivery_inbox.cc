#include "services/channels/common/delivery_inbox.h"

#include <utility>

namespace trama::channels {

void DeliveryInbox::SetConsumer(platform::Consumer* consumer) {
  const std::lock_guard lock(mutex_);
  consumer_ = consumer;
}

void DeliveryInbox::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  woken_changed_.notify_all();
  if (consumer_ != nullptr) consumer_->Wake();
}

void DeliveryInbox::CallEnded(EndedCall ended) {
  const std::lock_guard lock(mutex_);
  ended_.push_back(std::move(ended));
  if (consumer_ != nullptr) consumer_->Wake();
}

std::vector<EndedCall> DeliveryInbox::TakeAll() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

void DeliveryInbox::WaitForWake(absl::Duration limit) {
  std::unique_lock lock(mutex_);
  woken_changed_.wait_for(lock, absl::ToChronoNanoseconds(limit), [&] { return woken_; });
  woken_ = false;
}

}  // namespace trama::channels
