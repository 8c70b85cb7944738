#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/publisher.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/seen_memory.h"
#include "services/channels/open/event.h"
#include "services/platform/net/awaitable.h"

namespace trama::open_channel {

// The way of a batch, as channels::Ingest is the way of a single event: which were seen before? →
// originals kept → all written to Kafka at once and acknowledged by it → marked as seen. Here each
// event has a result of its own.
//
// Threads: safe from any. What it is given must outlive every call.
class EventIntake {
 public:
  struct Result {
    // OK: acknowledge the batch, nothing of it is lost. Otherwise it must come again as a whole.
    absl::Status status;
    std::vector<bool> seen;  // Which events were taken in before, in their order.
  };

  EventIntake(channels::Publisher& publisher, channels::SeenMemory& seen,
              channels::RawArchive& archive)
      : publisher_(publisher), seen_(seen), archive_(archive) {}

  // Events without refusals, no two of them the same.
  platform::Awaitable<Result> Take(channels::ChannelAccount account, std::vector<Event> events,
                                   std::string traceparent);

 private:
  channels::Publisher& publisher_;
  channels::SeenMemory& seen_;
  channels::RawArchive& archive_;
};

}  // namespace trama::open_channel
