#include "services/platform/trace/otlp_json.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace trama::platform {
namespace {

using Json = nlohmann::json;

FinishedSpan MakeSpan() {
  FinishedSpan span;
  span.context = *ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  span.parent = {0, 1, 2, 3, 4, 5, 6, 7};
  span.kind = SpanKind::kServer;
  span.name = "POST /sms/in";
  span.begun = absl::FromUnixNanos(1'800'000'000'000'000'001);
  span.ended = absl::FromUnixNanos(1'800'000'000'000'000'999);
  span.attributes = {{"http.route", "/sms/in"}, {"http.response.status_code", int64_t{200}}};
  return span;
}

Json SpanOf(const FinishedSpan& span) {
  const Json request = Json::parse(OtlpTraces({"trama-sms", "0.1.0", "a"}, {span}));
  return request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

TEST(OtlpJsonTest, WritesASpanAsTheSpecificationDoes) {
  const Json expected = Json::parse(R"({
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "b7ad6b7169203331",
    "parentSpanId": "0001020304050607",
    "name": "POST /sms/in",
    "kind": 2,
    "startTimeUnixNano": "1800000000000000001",
    "endTimeUnixNano": "1800000000000000999",
    "attributes": [
      {"key": "http.route", "value": {"stringValue": "/sms/in"}},
      {"key": "http.response.status_code", "value": {"intValue": "200"}}]})");
  EXPECT_EQ(SpanOf(MakeSpan()), expected);
}

TEST(OtlpJsonTest, TheFirstSpanOfATraceHasNoParent) {
  FinishedSpan span = MakeSpan();
  span.parent = {};
  EXPECT_FALSE(SpanOf(span).contains("parentSpanId"));
}

TEST(OtlpJsonTest, FailuresHaveTheErrorStatus) {
  FinishedSpan span = MakeSpan();
  span.failed = true;
  span.why = "no \xFF answer";
  const Json json = SpanOf(span);
  EXPECT_EQ(json["status"]["code"], 2);
  EXPECT_EQ(json["status"]["message"], "no \xEF\xBF\xBD answer");
}

TEST(OtlpJsonTest, TheResourceIsTheService) {
  const Json request = Json::parse(OtlpTraces({"trama-sms", "0.1.0", "a"}, {}));
  const Json& attributes = request["resourceSpans"][0]["resource"]["attributes"];
  EXPECT_EQ(attributes[0]["key"], "service.name");
  EXPECT_EQ(attributes[0]["value"]["stringValue"], "trama-sms");
}

}  // namespace
}  // namespace trama::platform
