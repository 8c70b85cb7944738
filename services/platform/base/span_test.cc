#include "services/platform/base/span.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/span_keeper.h"
#include "services/platform/base/trace.h"

namespace trama::platform {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::SpanKeeper;

constexpr char kSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kUnsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

TEST(SpanTest, LiesBelowItsParentInTheSameTrace) {
  SpanKeeper keeper;
  Span span = Span::Start(SpanKind::kProducer, "publish", kSampled);
  span.Set("messaging.system", "kafka");
  const std::string below = span.traceparent();
  span.Finish();

  ASSERT_THAT(keeper.spans(), SizeIs(1));
  const FinishedSpan kept = keeper.spans()[0];
  const TraceContext parent = *ParseTraceparent(kSampled);
  EXPECT_EQ(kept.context, *ParseTraceparent(below));
  EXPECT_EQ(kept.context.trace_id, parent.trace_id);
  EXPECT_NE(kept.context.span_id, parent.span_id);
  EXPECT_EQ(kept.parent, parent.span_id);
  EXPECT_LE(kept.begun, kept.ended);
}

TEST(SpanTest, UnsampledTracesAreHandedOnAndNotKept) {
  SpanKeeper keeper;
  EXPECT_EQ(Span::Start(SpanKind::kInternal, "x", kUnsampled).traceparent(), kUnsampled);
  EXPECT_EQ(Span::StartAtBorder(SpanKind::kServer, "x", kUnsampled).traceparent(), kUnsampled);
  const std::string later = std::string("01") + (kUnsampled + 2) + "-\xff";
  EXPECT_EQ(Span::StartAtBorder(SpanKind::kServer, "x", later).traceparent(), kUnsampled);
  EXPECT_EQ(Span::Start(SpanKind::kInternal, "x", later).traceparent(), kUnsampled);
  EXPECT_EQ(Span::Start(SpanKind::kInternal, "x", "nonsense").traceparent(), "nonsense");
  EXPECT_THAT(keeper.spans(), IsEmpty());
}

TEST(SpanTest, WithoutASinkTheContextTravelsOn) {
  EXPECT_EQ(Span::Start(SpanKind::kInternal, "x", kSampled).traceparent(), kSampled);
  const std::string later = std::string("01") + (kSampled + 2) + "-\xff";
  EXPECT_EQ(Span::Start(SpanKind::kInternal, "x", later).traceparent(), kSampled);
  EXPECT_EQ(Span::StartAtBorder(SpanKind::kServer, "x", later).traceparent(), kSampled);
  EXPECT_NE(TraceIdOf(Span::StartAtBorder(SpanKind::kServer, "x", "").traceparent()), "");
}

TEST(SpanTest, ATraceBeginsAtTheBorder) {
  SpanKeeper keeper;
  const Span span = Span::StartAtBorder(SpanKind::kServer, "POST /in", "not a traceparent");
  EXPECT_TRUE(span.recording());
  EXPECT_TRUE(ParseTraceparent(span.traceparent())->sampled);
}

TEST(SpanTest, OnlyAShareOfNewTracesIsKept) {
  int kept = 0;
  {
    SpanKeeper none(0);
    for (int i = 0; i < 100; ++i) {
      kept += Span::StartAtBorder(SpanKind::kServer, "x", "").recording() ? 1 : 0;
    }
    EXPECT_EQ(kept, 0);
    EXPECT_TRUE(Span::StartAtBorder(SpanKind::kServer, "x", kSampled).recording())
        << "decided elsewhere";
  }
  SpanKeeper half(0.5);
  for (int i = 0; i < 1000; ++i) {
    kept += Span::StartAtBorder(SpanKind::kServer, "x", "").recording() ? 1 : 0;
  }
  // Twelve standard deviations: fails once in 10^30 runs.
  EXPECT_GT(kept, 310);
  EXPECT_LT(kept, 690);
}

TEST(SpanTest, ADerivedContextIsKeptAsItIs) {
  SpanKeeper keeper;
  const std::string own = DerivedTraceparent(kSampled, "cause");
  Span::StartAs(SpanKind::kConsumer, "apply", own, kSampled).Finish();
  ASSERT_TRUE(keeper.Has("apply"));
  EXPECT_EQ(keeper.Named("apply").context.span_id, ParseTraceparent(own)->span_id);
  EXPECT_EQ(keeper.Named("apply").parent, ParseTraceparent(kSampled)->span_id);
}

TEST(SpanTest, EndsOnceAndAtTheLatestWhenItIsDestroyed) {
  SpanKeeper keeper;
  {
    Span span = Span::Start(SpanKind::kInternal, "x", kSampled);
    span.Fail("it broke");
    Span moved = std::move(span);
    moved.Finish();
  }
  ASSERT_THAT(keeper.spans(), SizeIs(1));
  EXPECT_TRUE(keeper.spans()[0].failed);
  EXPECT_EQ(keeper.spans()[0].why, "it broke");
}

}  // namespace
}  // namespace trama::platform
