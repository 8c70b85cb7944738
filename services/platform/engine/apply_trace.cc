#include "services/platform/engine/apply_trace.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/kernel/trace_context.h"

namespace trama::platform {
namespace {

// What came with an input: its traceparent and what it is.
struct Cause {
  std::string_view traceparent;
  const google::protobuf::Message* message = nullptr;
};

Cause CauseOf(const Input& input) {
  if (const auto* entry = std::get_if<LogEntry>(&input)) {
    return {entry->traceparent, entry->message.get()};
  }
  if (const auto* command = std::get_if<Command>(&input)) {
    return {command->traceparent, command->request.get()};
  }
  return {};
}

// The traceparent of what was caused in the same trace; empty when nothing was.
std::string_view CarriedOn(const Effects& effects, const TraceContext& cause) {
  for (const OutRecord& record : effects.records) {
    const std::optional<TraceContext> context = ParseTraceparent(record.traceparent);
    if (context.has_value() && context->trace_id == cause.trace_id &&
        context->span_id != cause.span_id) {
      return record.traceparent;
    }
  }
  return {};
}

}  // namespace

std::string TraceApply(const std::string& service, const Input& input, const Effects& effects,
                       absl::Time begun) {
  const Cause cause = CauseOf(input);
  const std::optional<TraceContext> context = ParseTraceparent(cause.traceparent);
  if (!context.has_value() || !context->sampled) return "";
  const std::string_view own = CarriedOn(effects, *context);
  const std::string name = absl::StrCat(service, " apply");
  Span span = own.empty() ? Span::Start(SpanKind::kInternal, name, cause.traceparent)
                          : Span::StartAs(SpanKind::kInternal, name, own, cause.traceparent);
  if (!span.recording()) return "";
  span.SetBegun(begun);
  span.Set("trama.input", cause.message->GetDescriptor()->full_name());
  std::string traceparent = span.traceparent();
  span.Finish();
  return traceparent;
}

std::vector<Span> StartCommitSpans(const std::vector<std::string>& traceparents) {
  std::vector<Span> spans;
  for (const std::string& traceparent : traceparents) {
    spans.push_back(Span::Start(SpanKind::kProducer, "commit", traceparent));
  }
  return spans;
}

}  // namespace trama::platform
