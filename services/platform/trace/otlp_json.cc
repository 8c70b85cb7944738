#include "services/platform/trace/otlp_json.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace trama::platform {
namespace {

using Json = nlohmann::json;

constexpr int kStatusError = 2;  // opentelemetry.proto.trace.v1.Status.StatusCode

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& bytes) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Json Attribute(const std::string& key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

Json Attribute(const std::string& key, int64_t value) {
  return {{"key", key}, {"value", {{"intValue", absl::StrCat(value)}}}};
}

Json SpanJson(const FinishedSpan& span) {
  Json json = {{"traceId", Hex(span.context.trace_id)},
               {"spanId", Hex(span.context.span_id)},
               {"name", span.name},
               {"kind", static_cast<int>(span.kind)},
               {"startTimeUnixNano", absl::StrCat(absl::ToUnixNanos(span.begun))},
               {"endTimeUnixNano", absl::StrCat(absl::ToUnixNanos(span.ended))}};
  if (span.parent != std::array<uint8_t, 8>{}) json["parentSpanId"] = Hex(span.parent);
  for (const auto& [key, value] : span.attributes) {
    json["attributes"].push_back(
        std::visit([&key = key](const auto& plain) { return Attribute(key, plain); }, value));
  }
  if (span.failed) json["status"] = {{"code", kStatusError}, {"message", span.why}};
  return json;
}

}  // namespace

std::string OtlpTraces(const TracedService& service, const std::vector<FinishedSpan>& spans) {
  Json list = Json::array();
  for (const FinishedSpan& span : spans) list.push_back(SpanJson(span));
  Json resource = Json::array({Attribute("service.name", service.name),
                               Attribute("service.version", service.version),
                               Attribute("service.instance.id", service.instance)});
  const Json request = {
      {"resourceSpans",
       Json::array({{{"resource", {{"attributes", std::move(resource)}}},
                     {"scopeSpans", Json::array({{{"scope", {{"name", "trama"}}},
                                                  {"spans", std::move(list)}}})}}})}};
  // A peer's text may hold bytes that are not UTF-8.
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace trama::platform
