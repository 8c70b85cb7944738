#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/cli/context.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::tramactl {

struct WatchOptions {
  std::string agent;
  bool auto_accept = false;  // Accept every offer at once.
  bool go_online = false;    // Become available first.
  absl::Duration duration = absl::InfiniteDuration();
};

// Shows an agent what concerns him, as his desk would: sends heartbeats, takes up the stream after
// a break where it ended, and accepts offers if that is wanted. Ends after options.duration, or
// with an error that repeating does not mend.
absl::Status WatchAgent(Context& context, const WatchOptions& options);

// An update in one line: "offer 1b… of conversation 7c… in queue billing, until 12:03:20".
std::string LineOf(const routing::v1::AgentUpdate& update);

}  // namespace trama::tramactl
