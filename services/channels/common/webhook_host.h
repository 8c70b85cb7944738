#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/channels/common/ingest.h"
#include "services/channels/common/turns.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/http/http_router.h"
#include "services/platform/net/awaitable.h"

namespace trama::channels {

// What a channel makes of one request, without any I/O but the reading of secrets.
struct WebhookReading {
  // PERMISSION_DENIED: not the vendor's (403). NOT_FOUND: no such door (404). UNAVAILABLE: come
  // again (503). INVALID_ARGUMENT: no request of any vendor (400). The text goes to the log only.
  absl::Status verdict;
  // With an OK verdict what is to be written; nothing: acknowledged all the same. A vendor that
  // sends batches gets one acknowledgement for all of it.
  std::vector<Arrival> arrivals;
  std::vector<Unreadable> unreadable;
  // All of that is written, and yet the vendor must come again (503): a part of the batch cannot be
  // taken now. What was written is not written again then.
  bool come_again = false;
  // One after another once all of that stands in Kafka, and for redeliveries. Must not fail.
  std::vector<std::function<platform::Awaitable<void>()>> after;
};

struct WebhookDoor {
  std::string name;  // For metrics and logs: "message", "status".
  std::function<WebhookReading(const platform::HttpRequest&, absl::Time received_at)> read;
  platform::HttpResponse accepted;  // What the vendor wants to hear.
};

// Connects the HTTP server to a channel: Turns → verify → read → Ingest → answer, in this order.
// Whatever hinders (Kafka, blob store) is 503, so that the vendor comes again; what is not the
// vendor's is 4xx without a word why.
//
// Threads: safe from any; handlers run on the server's. What it is given must outlive the server.
class WebhookHost {
 public:
  WebhookHost(std::string channel, Ingest& ingest, const platform::Clock& clock,
              platform::Metrics& metrics);

  platform::HttpHandler Handler(WebhookDoor door);

 private:
  // A door and the counters of what it mostly has to count.
  struct Counted {
    WebhookDoor door;
    prometheus::Counter& taken;
    prometheus::Counter& seen;
    prometheus::Counter& ignored;
    prometheus::Counter& dead_letter;
  };

  platform::Awaitable<platform::HttpResponse> Serve(std::shared_ptr<const Counted> counted,
                                                    platform::HttpRequest request);
  platform::HttpResponse Refuse(const WebhookDoor& door, const absl::Status& why);

  const std::string channel_;
  Ingest& ingest_;
  const platform::Clock& clock_;
  Turns turns_;
  platform::CounterFamily& requests_;
};

}  // namespace trama::channels
