#include "services/platform/engine/apply_trace.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/duration.pb.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/span_keeper.h"

namespace trama::platform {
namespace {

using ::testing::IsEmpty;
using testing::SpanKeeper;

constexpr char kSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

LogEntry Entry(const std::string& traceparent) {
  LogEntry entry;
  entry.traceparent = traceparent;
  entry.message = std::make_shared<google::protobuf::Duration>();
  return entry;
}

Effects EffectsWith(const std::string& traceparent) {
  Effects effects;
  effects.records.push_back({.traceparent = traceparent});
  return effects;
}

TEST(ApplyTraceTest, TheSpanIsTheOneThatTheRecordsCarry) {
  SpanKeeper keeper;
  const std::string carried = DerivedTraceparent(kSampled, "cause");
  const absl::Time begun = absl::Now() - absl::Seconds(1);
  EXPECT_EQ(TraceApply("routing", Entry(kSampled), EffectsWith(carried), begun), carried);
  const FinishedSpan span = keeper.Named("routing apply");
  EXPECT_EQ(span.context, *ParseTraceparent(carried));
  EXPECT_EQ(span.parent, ParseTraceparent(kSampled)->span_id);
  EXPECT_EQ(span.begun, begun);
}

TEST(ApplyTraceTest, WithoutRecordsItHasAnIdOfItsOwn) {
  SpanKeeper keeper;
  const std::string other = "00-00000000000000000000000000000001-0000000000000001-01";
  for (const std::string& effect : {std::string(), std::string(kSampled), other}) {
    const std::string trace =
        TraceApply("routing", Entry(kSampled), EffectsWith(effect), absl::Now());
    EXPECT_EQ(ParseTraceparent(trace)->trace_id, ParseTraceparent(kSampled)->trace_id);
    EXPECT_NE(trace, kSampled);
  }
}

TEST(ApplyTraceTest, WhatIsNotSampledLeavesNothing) {
  SpanKeeper keeper;
  EXPECT_EQ(TraceApply("routing", Tick{}, {}, absl::Now()), "");
  EXPECT_EQ(TraceApply("routing", Entry(""), {}, absl::Now()), "");
  EXPECT_EQ(TraceApply("routing", Entry("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
                       {}, absl::Now()),
            "");
  EXPECT_THAT(keeper.spans(), IsEmpty());
}

TEST(ApplyTraceTest, ACommitLiesBelowEachInput) {
  SpanKeeper keeper;
  { const std::vector<Span> spans = StartCommitSpans({kSampled}); }
  EXPECT_EQ(keeper.Named("commit").parent, ParseTraceparent(kSampled)->span_id);
}

}  // namespace
}  // namespace trama::platform
