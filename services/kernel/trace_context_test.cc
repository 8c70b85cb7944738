#include "services/kernel/trace_context.h"

#include "gtest/gtest.h"

namespace trama {
namespace {

constexpr char kParent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, AHeaderReadsBackAsItWas) {
  const std::optional<TraceContext> context = ParseTraceparent(kParent);
  ASSERT_TRUE(context.has_value());
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(FormatTraceparent(*context), kParent);
}

TEST(TraceContextTest, WhatIsNoTraceparentIsNone) {
  for (const char* header : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",  // Not in version 00.
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
       }) {
    EXPECT_FALSE(ParseTraceparent(header).has_value()) << header;
  }
}

TEST(TraceContextTest, ALaterVersionIsReadAsTheFirst) {
  const std::optional<TraceContext> context =
      ParseTraceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(FormatTraceparent(*context), kParent);
}

TEST(TraceContextTest, AChildKeepsTraceAndFlag) {
  const TraceContext child = ChildSpan(*ParseTraceparent(kParent), {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(FormatTraceparent(child), "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01");
}

TEST(TraceContextTest, ADerivedChildDependsOnParentAndCauseOnly) {
  EXPECT_EQ(DerivedTraceparent(kParent, "cause"),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-d0880c4ec45d8668-01");
  EXPECT_NE(DerivedTraceparent(kParent, "cause"), DerivedTraceparent(kParent, "other"));
}

TEST(TraceContextTest, WithoutAParentATraceBeginsUnsampled) {
  const std::optional<TraceContext> root = ParseTraceparent(DerivedTraceparent("", "cause"));
  ASSERT_TRUE(root.has_value());
  EXPECT_FALSE(root->sampled);
  EXPECT_EQ(DerivedTraceparent("rubbish", "cause"), DerivedTraceparent("", "cause"));
}

}  // namespace
}  // namespace trama
