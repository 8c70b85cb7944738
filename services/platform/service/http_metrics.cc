#include "services/platform/service/http_metrics.h"

#include "absl/strings/str_cat.h"

namespace trama::platform {

HttpObserver MeasureHttp(Metrics& metrics) {
  HistogramFamily& seconds = metrics.Histogram("trama_http_server_handling_seconds",
                                               "HTTP requests, from header to answer.",
                                               {"method", "route"}, kLatencySecondsBuckets);
  CounterFamily& requests =
      metrics.Counter("trama_http_server_requests_total", "HTTP requests that were answered.",
                      {"method", "route", "status"});
  return [&seconds, &requests](const HttpObservation& seen) {
    seconds.With({seen.method, seen.route}).Observe(seen.seconds);
    requests.With({seen.method, seen.route, absl::StrCat(seen.status)}).Increment();
  };
}

}  // namespace trama::platform
