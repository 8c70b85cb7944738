#include "services/platform/trace/otlp_exporter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/platform/base/log.h"

namespace trama::platform {
namespace {

constexpr char kPath[] = "/v1/traces";

// Which answers a client may repeat the request after: OTLP/HTTP, Failures.
bool IsRepeatable(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

absl::StatusOr<std::shared_ptr<OtlpExporter>> OtlpExporter::Start(boost::asio::io_context& io,
                                                                  Metrics& metrics,
                                                                  OtlpOptions options) {
  absl::StatusOr<Url> url =
      ParseUrl(absl::StrCat(std::string(absl::StripSuffix(options.endpoint, "/")), kPath));
  if (!url.ok()) return url.status();
  absl::StatusOr<std::unique_ptr<HttpClient>> http =
      HttpClient::Create(io, {.total_timeout = options.timeout, .connections_per_host_max = 1});
  if (!http.ok()) return http.status();
  return std::shared_ptr<OtlpExporter>(
      new OtlpExporter(*std::move(http), *std::move(url), metrics, std::move(options)));
}

OtlpExporter::OtlpExporter(std::unique_ptr<HttpClient> http, Url url, Metrics& metrics,
                           OtlpOptions options)
    : http_(std::move(http)),
      url_(std::move(url)),
      options_(std::move(options)),
      spans_(metrics.Counter("trama_trace_spans_total",
                             "Finished spans, by what became of them: sent, dropped, refused.",
                             {"outcome"})),
      thread_([this] { Run(); }) {}

OtlpExporter::~OtlpExporter() { Stop(); }

void OtlpExporter::Take(FinishedSpan span) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && queue_.size() < options_.queue_max) {
      queue_.push_back(std::move(span));
      if (queue_.size() >= options_.batch_max) changed_.notify_one();
      return;
    }
  }
  spans_.With({"dropped"}).Increment();
}

void OtlpExporter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) stop_by_ = absl::Now() + options_.flush_max;
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void OtlpExporter::Run() {
  while (true) {
    const std::vector<FinishedSpan> batch = NextBatch();
    if (batch.empty()) return;
    SendBatch(batch);
  }
}

std::vector<FinishedSpan> OtlpExporter::NextBatch() {
  std::unique_lock lock(mutex_);
  do {
    changed_.wait_for(lock, absl::ToChronoMilliseconds(options_.interval),
                      [this] { return stopping_ || queue_.size() >= options_.batch_max; });
  } while (queue_.empty() && !stopping_);
  const size_t count = std::min(queue_.size(), options_.batch_max);
  std::vector<FinishedSpan> batch(std::make_move_iterator(queue_.begin()),
                                  std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
  return batch;
}

void OtlpExporter::SendBatch(const std::vector<FinishedSpan>& batch) {
  const std::string body = OtlpTraces(options_.service, batch);
  const auto count = static_cast<double>(batch.size());
  absl::Duration backoff = options_.backoff_min;
  while (true) {
    absl::Duration wait = backoff;
    const Sent sent = SendOnce(body, &wait);
    if (sent != Sent::kLater) {
      spans_.With({sent == Sent::kDone ? "sent" : "refused"}).Increment(count);
      return;
    }
    if (PauseUnlessStopping(wait)) break;
    backoff = std::min(2 * backoff, options_.backoff_max);
  }
  spans_.With({"dropped"}).Increment(count);
}

OtlpExporter::Sent OtlpExporter::SendOnce(const std::string& body, absl::Duration* wait) {
  HttpClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.Set("Content-Type", "application/json");
  request.body = body;
  request.timeout = std::min(options_.timeout, TimeLeft());
  if (request.timeout <= absl::ZeroDuration()) return Sent::kLater;
  const HttpOutcome outcome = http_->SendBlocking(std::move(request));
  if (outcome.kind != HttpOutcomeKind::kResponse) {
    Log(LogLevel::kWarning, "spans not sent, trying again", {{"why", outcome.error}});
    return Sent::kLater;
  }
  const int status = outcome.response.status;
  if (status >= 200 && status < 300) return Sent::kDone;
  Log(LogLevel::kWarning, "the collector refused spans", {{"status", status}});
  if (!IsRepeatable(status)) return Sent::kRefused;
  const std::optional<absl::Duration> asked = RetryAfter(outcome.response.headers, absl::Now());
  if (asked.has_value()) *wait = std::min(std::max(*wait, *asked), options_.backoff_max);
  return Sent::kLater;
}

bool OtlpExporter::PauseUnlessStopping(absl::Duration pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(pause), [this] { return stopping_; });
  return stopping_;
}

absl::Duration OtlpExporter::TimeLeft() const {
  const std::lock_guard lock(mutex_);
  return stop_by_ - absl::Now();
}

}  // namespace trama::platform
