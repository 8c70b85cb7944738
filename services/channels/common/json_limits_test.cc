#include "services/channels/common/json_limits.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

std::string ObjectWith(int keys) {
  std::string object = "{";
  for (int i = 0; i < keys; ++i) absl::StrAppend(&object, i == 0 ? "" : ",", "\"", i, "\":\"a:b\"");
  return object + "}";
}

TEST(JsonLimitsTest, KeysOfOneObjectAreCounted) {
  EXPECT_EQ(ExcessOf(ObjectWith(kJsonKeysMax), 1), JsonExcess::kNone);
  EXPECT_EQ(ExcessOf(ObjectWith(kJsonKeysMax + 1), 1), JsonExcess::kKeys);
  const std::string within = absl::StrCat("[{\"x\":", ObjectWith(kJsonKeysMax + 1), "}]");
  EXPECT_EQ(ExcessOf(within, 3), JsonExcess::kKeys);
}

TEST(JsonLimitsTest, ManyObjectsMayHaveManyKeysTogether) {
  const std::string half = ObjectWith(kJsonKeysMax / 2);
  EXPECT_EQ(ExcessOf(absl::StrCat("[", half, ",", half, ",", half, "]"), 2), JsonExcess::kNone);
  const std::string nested = absl::StrCat("{\"a\":", ObjectWith(kJsonKeysMax), ",\"b\":1}");
  EXPECT_EQ(ExcessOf(nested, 2), JsonExcess::kNone);
}

TEST(JsonLimitsTest, DepthIsCounted) {
  EXPECT_EQ(ExcessOf("[[{}],[]]", 3), JsonExcess::kNone);
  EXPECT_EQ(ExcessOf("[[{}],[]]", 2), JsonExcess::kDepth);
}

TEST(JsonLimitsTest, WhatStandsInStringsDoesNotCount) {
  EXPECT_EQ(ExcessOf(R"(["[[[[", "\"[[[[", "\\", "{:"])", 1), JsonExcess::kNone);
  EXPECT_EQ(ExcessOf(std::string("[\"") + std::string(5000, ':') + "\"]", 1), JsonExcess::kNone);
}

TEST(JsonLimitsTest, WhatIsNoJsonEnds) {
  for (const char* text : {"", "]", "}}{{", "\"", "\"\\", ":::", "{"}) {
    EXPECT_EQ(ExcessOf(text, 1), JsonExcess::kNone) << text;
  }
}

}  // namespace
}  // namespace trama::channels
