#pragma once

#include <memory>
#include <set>
#include <string>

#include "services/channels/common/send_outcome.h"
#include "services/platform/net/awaitable.h"

namespace trama::channels {

// A channel's vendor, as delivery sees it. Threads: calls run on the io_context of the
// DeliveryLoop, several at once. Every call must end in bounded time; none may throw.
class Sender {
 public:
  virtual ~Sender() = default;

  // Makes the attempt. The ATTEMPTING record stands in the log already; what the call returns is
  // written afterwards. Refusals that need no vendor (no such account, opted out, nothing that the
  // channel can carry) are kFailed without a call.
  virtual platform::Awaitable<SendOutcome> Send(OutboundPtr message, Attempt attempt) = 0;

  // Asks whether `attempt`, whose outcome is unknown, has reached the vendor. `taken` are vendor
  // ids that other messages of ours are known to have. Vendors that cannot be asked keep the
  // default.
  virtual platform::Awaitable<FindOutcome> Find(OutboundPtr message, Attempt attempt,
                                                std::shared_ptr<const std::set<std::string>> taken);
};

}  // namespace trama::channels
