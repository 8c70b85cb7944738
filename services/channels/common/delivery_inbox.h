#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/channels/common/send_outcome.h"
#include "services/platform/kafka/consumer.h"

namespace trama::channels {

// How a call of the sender has ended.
struct EndedCall {
  std::string message_id;
  int32_t attempt = 0;
  std::variant<SendOutcome, FindOutcome> outcome;
};

// Brings the ends of calls from the threads of the sender to the thread of the loop. Shared by
// both, so that a call may outlive the loop. Thread-safe.
class DeliveryInbox {
 public:
  // Whom to wake; null: nobody. The consumer must be taken away before it is destroyed.
  void SetConsumer(platform::Consumer* consumer);
  // Ends the wait of the loop's thread, wherever it waits.
  void Wake();

  void CallEnded(EndedCall ended);

  std::vector<EndedCall> TakeAll();
  // Until Wake(), at most `limit`.
  void WaitForWake(absl::Duration limit);

 private:
  std::mutex mutex_;
  std::condition_variable woken_changed_;
  platform::Consumer* consumer_ = nullptr;
  std::vector<EndedCall> ended_;
  bool woken_ = false;
};

}  // namespace trama::channels
