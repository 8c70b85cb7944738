#include "services/channels/common/sender.h"

namespace trama::channels {

platform::Awaitable<FindOutcome> Sender::Find(OutboundPtr, Attempt,
                                              std::shared_ptr<const std::set<std::string>>) {
  co_return FindOutcome{};
}

}  // namespace trama::channels
