#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace trama::bench {

// Webhooks as Twilio signs them, every one with an id and a sender of its own, over connections
// that are kept. The same bytes for every server that is measured.
struct WebhookPlan {
  std::string server;  // host:port
  std::string url;     // That the vendor was told: it is signed, its path is asked for.
  std::string account_sid;
  std::string auth_token;
  std::string number;
  std::string run;  // Makes the ids.
  int connections = 32;
  double seconds = 0;    // For so long, or
  int64_t requests = 0;  // so many.
  double rate = 0;       // A second; 0: each connection as fast as it is answered.
};

// Prints what came of it as one JSON object. Latencies count from the moment at which the request
// was due, so that a slow answer is not hidden by the requests that waited for it.
absl::Status SendWebhooks(const WebhookPlan& plan);

}  // namespace trama::bench
