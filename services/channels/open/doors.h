#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/file_door.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/turns.h"
#include "services/channels/open/event.h"
#include "services/channels/open/event_intake.h"
#include "services/channels/open/rate_limit.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/http/http_router.h"

namespace trama::open_channel {

// The addresses that integrators call:
//   POST /open/v1/<workspace>/<account>/events   what their users did
//   GET, HEAD /open/files/<token>                a file of a message of ours
//
// Verify → read → limit → EventIntake → answer, in this order. An answer of 202 is a promise that
// every event that it calls accepted or duplicate stands in the log; whatever hinders is 503 for
// the whole request, which is safe to repeat.
//
// Threads: safe from any. What it is given must outlive the server.
class Doors {
 public:
  static constexpr size_t kBodyMaxBytes = 1 << 20;
  // Integrators wait 10 s.
  static constexpr absl::Duration kHandlerMax = absl::Seconds(8);

  struct Clocks {
    const platform::Clock& process;  // What events are stamped with, and limits go by.
    const platform::Clock& wall;     // What integrators sign by.
  };

  Doors(const channels::AccountDirectory& accounts, EventIntake& intake,
        channels::RawArchive& archive, const Clocks& clocks, platform::Metrics& metrics);

  void AddTo(platform::HttpRouter& router);

 private:
  // A request that was proved to be the integrator's.
  struct Verified;

  platform::Awaitable<platform::HttpResponse> TakeEvents(platform::HttpRequest request);
  absl::StatusOr<Verified> Verify(const platform::HttpRequest& request) const;
  // May these events come in, by the account's state and its rate?
  absl::Status Admit(const channels::ChannelAccount& account, const std::vector<Event>& events,
                     absl::Duration& retry_after);
  platform::HttpResponse Refuse(const absl::Status& why, absl::Duration retry_after);
  void Count(const std::vector<Event>& events, const std::vector<size_t>& distinct,
             const std::vector<bool>& seen);

  const channels::AccountDirectory& accounts_;
  EventIntake& intake_;
  const platform::Clock& clock_;
  const platform::Clock& wall_clock_;
  channels::Turns turns_;
  channels::FileDoor files_;
  platform::CounterFamily& requests_;
  platform::CounterFamily& events_;
  std::mutex mutex_;
  RateLimit rate_;
};

// What stands in a path below /open/v1/. None for every other path.
struct DoorPath {
  std::string workspace;
  std::string account;
};
std::optional<DoorPath> ParseDoorPath(std::string_view path);

}  // namespace trama::open_channel
