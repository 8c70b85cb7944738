#include "services/platform/service/http_metrics.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace trama::platform {
namespace {

// Thread-safe.
class HttpMeter {
 public:
  explicit HttpMeter(Metrics& metrics)
      : seconds_(metrics.Histogram("trama_http_server_handling_seconds",
                                   "HTTP requests, from header to answer.", {"method", "route"},
                                   kLatencySecondsBuckets)),
        requests_(metrics.Counter("trama_http_server_requests_total",
                                  "HTTP requests that were answered.",
                                  {"method", "route", "status"})) {}

  void Take(const HttpObservation& seen) {
    const Counted counted = Find(seen);
    counted.seconds->Observe(seen.seconds);
    counted.requests->Increment();
  }

 private:
  // Nearly all requests are of a few kinds, whose metrics are looked up once; more than these are
  // looked up each time.
  static constexpr size_t kKindsMax = 64;

  struct Counted {
    prometheus::Histogram* seconds = nullptr;
    prometheus::Counter* requests = nullptr;
  };
  struct Kind {
    std::string method;
    std::string route;
    int status = 0;
    Counted counted;
  };

  Counted Find(const HttpObservation& seen) {
    const std::lock_guard lock(mutex_);
    for (const Kind& kind : kinds_) {
      if (kind.status == seen.status && kind.route == seen.route && kind.method == seen.method) {
        return kind.counted;
      }
    }
    const Counted counted = {&seconds_.With({seen.method, seen.route}),
                             &requests_.With({seen.method, seen.route, absl::StrCat(seen.status)})};
    if (kinds_.size() < kKindsMax) {
      kinds_.push_back({std::string(seen.method), std::string(seen.route), seen.status, counted});
    }
    return counted;
  }

  HistogramFamily& seconds_;
  CounterFamily& requests_;
  std::mutex mutex_;
  std::vector<Kind> kinds_;  // Guarded by mutex_.
};

}  // namespace

HttpObserver MeasureHttp(Metrics& metrics) {
  return [meter = std::make_shared<HttpMeter>(metrics)](const HttpObservation& seen) {
    meter->Take(seen);
  };
}

}  // namespace trama::platform
