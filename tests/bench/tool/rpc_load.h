#pragma once

#include <string>

#include "absl/status/status.h"

namespace trama::bench {

// One kind of gRPC call, with a fixed number of them under way at any time.
struct RpcPlan {
  std::string server;  // host:port
  std::string method;  // "customer": a read of ProfileService; "presence", "heartbeat":
                       // commands of RoutingService.
  std::string token;   // Of the caller.
  std::string workspace;
  std::string agent;  // Whose presence.
  std::string phone;  // Whose profile.
  int outstanding = 16;
  double seconds = 5;
};

// Prints calls a second, latencies and the size of an answer as one JSON object.
absl::Status CallRepeatedly(const RpcPlan& plan);

// The trivial peer: answers the same calls at once with a message of so many bytes. Serves until
// the process is ended.
absl::Status ServeEcho(const std::string& listen, int answer_bytes);

}  // namespace trama::bench
