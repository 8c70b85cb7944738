#include "services/platform/base/span.h"

#include <limits>
#include <mutex>
#include <optional>

#include "absl/time/clock.h"
#include "services/platform/base/drawn_id.h"
#include "services/platform/base/trace.h"

namespace trama::platform {
namespace {

struct Tracing {
  std::mutex mutex;
  std::shared_ptr<SpanSink> sink;  // Guarded by mutex.
  // So that nobody takes the lock while nothing is traced.
  std::atomic<bool> on{false};
  std::atomic<double> ratio{0};
};

Tracing& State() {
  static auto& state = *new Tracing;
  return state;
}

std::shared_ptr<SpanSink> Sink() {
  Tracing& state = State();
  const std::lock_guard lock(state.mutex);
  return state.sink;
}

std::array<uint8_t, 8> DrawSpanId() {
  std::array<uint8_t, 8> id = DrawId<8>();
  id[7] |= 1;  // All zero is not allowed.
  return id;
}

// Are the steps below it to be recorded?
bool IsKept(const TraceContext& above) { return above.sampled && IsTracing(); }

// By the trace's id, so that every service that is asked decides the same (OpenTelemetry's
// TraceIdRatioBased).
bool IsChosen(const TraceContext& context, double ratio) {
  if (ratio >= 1) return true;
  uint64_t low = 0;
  for (size_t i = 8; i < context.trace_id.size(); ++i) low = low << 8 | context.trace_id[i];
  return static_cast<double>(low) <
         ratio * static_cast<double>(std::numeric_limits<uint64_t>::max());
}

}  // namespace

void StartTracing(std::shared_ptr<SpanSink> sink, double ratio) {
  Tracing& state = State();
  const std::lock_guard lock(state.mutex);
  state.sink = std::move(sink);
  state.ratio = ratio;
  state.on = true;
}

void StopTracing() {
  Tracing& state = State();
  const std::lock_guard lock(state.mutex);
  state.on = false;
  state.sink.reset();
}

bool IsTracing() { return State().on.load(std::memory_order_relaxed); }

Span& Span::operator=(Span&& other) noexcept {
  Finish();
  traceparent_ = std::move(other.traceparent_);
  span_ = std::move(other.span_);
  return *this;
}

Span Span::Record(SpanKind kind, std::string name, const TraceContext& context,
                  const std::array<uint8_t, 8>& parent) {
  Span span;
  span.traceparent_ = FormatTraceparent(context);
  span.span_ = std::make_unique<FinishedSpan>();
  span.span_->context = context;
  span.span_->parent = parent;
  span.span_->kind = kind;
  span.span_->name = std::move(name);
  span.span_->begun = absl::Now();
  return span;
}

Span Span::Start(SpanKind kind, std::string name, std::string_view parent) {
  const std::optional<TraceContext> above = ParseTraceparent(parent);
  if (above.has_value() && IsKept(*above)) {
    return Record(kind, std::move(name), ChildSpan(*above, DrawSpanId()), above->span_id);
  }
  Span span;
  // Written anew: what a later version adds may be anything.
  span.traceparent_ = above.has_value() ? FormatTraceparent(*above) : std::string(parent);
  return span;
}

Span Span::StartAtBorder(SpanKind kind, std::string name, std::string_view header) {
  Span span;
  if (const std::optional<TraceContext> given = ParseTraceparent(header)) {
    if (IsKept(*given)) {
      return Record(kind, std::move(name), ChildSpan(*given, DrawSpanId()), given->span_id);
    }
    span.traceparent_ = FormatTraceparent(*given);
    return span;
  }
  span.traceparent_ = TraceparentOrNew("");
  if (!IsTracing()) return span;
  TraceContext root = *ParseTraceparent(span.traceparent_);
  if (!IsChosen(root, State().ratio)) return span;
  root.sampled = true;
  return Record(kind, std::move(name), root, {});
}

Span Span::StartAs(SpanKind kind, std::string name, std::string_view own, std::string_view parent) {
  Span span;
  span.traceparent_ = std::string(own);
  if (!IsTracing()) return span;
  const std::optional<TraceContext> above = ParseTraceparent(parent);
  const std::optional<TraceContext> mine = ParseTraceparent(own);
  if (!above.has_value() || !above->sampled || !mine.has_value()) return span;
  return Record(kind, std::move(name), *mine, above->span_id);
}

void Span::Set(std::string_view key, std::string_view value) {
  if (span_ != nullptr) span_->attributes.emplace_back(key, std::string(value));
}

void Span::Set(std::string_view key, int64_t value) {
  if (span_ != nullptr) span_->attributes.emplace_back(key, value);
}

void Span::Fail(std::string_view why) {
  if (span_ == nullptr) return;
  span_->failed = true;
  span_->why = std::string(why);
}

void Span::SetBegun(absl::Time begun) {
  if (span_ != nullptr) span_->begun = begun;
}

void Span::Finish() {
  if (span_ == nullptr) return;
  const std::unique_ptr<FinishedSpan> finished = std::move(span_);
  finished->ended = absl::Now();
  if (const std::shared_ptr<SpanSink> sink = Sink()) sink->Take(std::move(*finished));
}

}  // namespace trama::platform
