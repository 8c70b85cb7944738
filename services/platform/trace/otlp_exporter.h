#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/span.h"
#include "services/platform/http/http_client.h"
#include "services/platform/trace/otlp_json.h"

namespace trama::platform {

struct OtlpOptions {
  std::string endpoint;  // "http://127.0.0.1:4318"; spans go to <endpoint>/v1/traces.
  TracedService service;
  size_t queue_max = 8192;  // Spans that wait; more are dropped and counted.
  size_t batch_max = 512;
  absl::Duration interval = absl::Seconds(1);  // A batch that is not full waits so long.
  absl::Duration timeout = absl::Seconds(5);   // Of one request.
  // A collector that does not answer, or says so, is tried again: doubled from the first to the
  // second.
  absl::Duration backoff_min = absl::Milliseconds(500);
  absl::Duration backoff_max = absl::Seconds(10);
  absl::Duration flush_max = absl::Seconds(2);  // At the end.
};

// Sends spans to a collector over OTLP/HTTP, from a thread of its own. What the collector does, or
// that there is none, never holds anybody up: the queue is bounded, the rest is dropped.
class OtlpExporter final : public SpanSink {
 public:
  // INVALID_ARGUMENT for an endpoint that is no URL. `io` must run until the exporter is gone.
  static absl::StatusOr<std::shared_ptr<OtlpExporter>> Start(boost::asio::io_context& io,
                                                             Metrics& metrics, OtlpOptions options);
  ~OtlpExporter() override;

  void Take(FinishedSpan span) override;

  // Sends what waits, for at most flush_max; takes nothing more. Again is no harm.
  void Stop();

 private:
  OtlpExporter(std::unique_ptr<HttpClient> http, Url url, Metrics& metrics, OtlpOptions options);

  // What became of a batch.
  enum class Sent { kDone, kRefused, kLater };

  void Run();
  std::vector<FinishedSpan> NextBatch();
  // Until the collector has answered for good, or the end has come.
  void SendBatch(const std::vector<FinishedSpan>& batch);
  Sent SendOnce(const std::string& body, absl::Duration* wait);
  // True when the exporter ends meanwhile.
  bool PauseUnlessStopping(absl::Duration pause);
  absl::Duration TimeLeft() const;

  const std::unique_ptr<HttpClient> http_;
  const Url url_;
  const OtlpOptions options_;
  CounterFamily& spans_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FinishedSpan> queue_;
  bool stopping_ = false;
  absl::Time stop_by_ = absl::InfiniteFuture();
  std::thread thread_;
};

}  // namespace trama::platform
