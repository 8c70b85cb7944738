#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/kernel/trace_context.h"

// Spans: how long each step of a trace took, and below which other step. Process-wide, as the log
// is. The context travels as a traceparent in headers and records whether spans are kept or not.
//
//   Span span = Span::Start(SpanKind::kProducer, "publish", record.traceparent);
//   out.traceparent = span.traceparent();  // What follows from it lies below it.
namespace trama::platform {

// The kinds of OpenTelemetry; the numbers are those of OTLP.
enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

// Never what a customer said or who he is. Names: OpenTelemetry's semantic conventions.
using SpanAttribute = std::pair<std::string, std::variant<std::string, int64_t>>;

struct FinishedSpan {
  TraceContext context;
  std::array<uint8_t, 8> parent{};  // All zero: the first of its trace.
  SpanKind kind = SpanKind::kInternal;
  std::string name;
  absl::Time begun;
  absl::Time ended;
  std::vector<SpanAttribute> attributes;
  bool failed = false;
  std::string why;  // Of a failure; may be empty.
};

// Where finished spans go. Take is called from any thread and must not wait.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Take(FinishedSpan span) = 0;
};

// From now on spans of sampled traces go to `sink`, and of the traces that begin here this share is
// sampled (0 to 1). Traces that began elsewhere keep what was decided there.
void StartTracing(std::shared_ptr<SpanSink> sink, double ratio);
void StopTracing();
// For what would cost something to prepare.
bool IsTracing();

// One step under way; ends with Finish or when it is destroyed. When its trace is not sampled, or
// nobody takes spans, it costs next to nothing and hands on its parent's traceparent. Move-only,
// one thread at a time.
class Span {
 public:
  Span() = default;  // Of no trace.
  Span(Span&&) noexcept = default;
  Span& operator=(Span&& other) noexcept;
  ~Span() { Finish(); }

  static Span Start(SpanKind kind, std::string name, std::string_view parent);

  // At the borders of the system: as Start when the caller sent a valid traceparent, otherwise the
  // first of a new trace.
  static Span StartAtBorder(SpanKind kind, std::string name, std::string_view header);

  // As Start, with a context that is known already: `own` is a traceparent that was derived from
  // `parent` and travels on.
  static Span StartAs(SpanKind kind, std::string name, std::string_view own,
                      std::string_view parent);

  // To be sent on with what this step causes.
  const std::string& traceparent() const { return traceparent_; }
  bool recording() const { return span_ != nullptr; }

  void Set(std::string_view key, std::string_view value);
  void Set(std::string_view key, int64_t value);
  void Fail(std::string_view why);
  // It began then rather than at its start.
  void SetBegun(absl::Time begun);
  void Finish();

 private:
  static Span Record(SpanKind kind, std::string name, const TraceContext& context,
                     const std::array<uint8_t, 8>& parent);

  std::string traceparent_;
  std::unique_ptr<FinishedSpan> span_;  // Null: not recorded.
};

}  // namespace trama::platform
