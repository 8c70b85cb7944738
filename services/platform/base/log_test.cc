#include "services/platform/base/log.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/platform/base/log_mask.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

Json Only(const ScopedLogCapture& capture) {
  EXPECT_THAT(capture.lines(), SizeIs(1));
  return Json::parse(capture.lines().at(0));
}

TEST(LogTest, WritesOneJsonObjectPerLine) {
  StartLogging({.service = "routing"});
  ScopedLogCapture capture;
  Log(LogLevel::kWarning, "commit slow",
      {{"partition", 3},
       {"took", absl::Milliseconds(1500)},
       {"at", absl::FromUnixMillis(1'772'359'200'123)},
       {"retried", true},
       {"ratio", 0.5},
       {"why", absl::AbortedError("fenced")}});

  const Json line = Only(capture);
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["service"], "routing");
  EXPECT_EQ(line["event"], "commit slow");
  EXPECT_EQ(line["partition"], 3);
  EXPECT_EQ(line["took"], 1.5);
  EXPECT_EQ(line["at"], "2026-03-01T10:00:00.123Z");
  EXPECT_EQ(line["retried"], true);
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["why"], "ABORTED: fenced");
  EXPECT_THAT(line["time"].get<std::string>(), ::testing::MatchesRegex("20..-..-..T.*Z"));
}

TEST(LogTest, TakesEveryKindOfText) {
  ScopedLogCapture capture;
  const std::string owned = "b";
  Log(LogLevel::kInfo, "texts",
      {{"a", "literal"},
       {"b", owned},
       {"c", std::string_view("view")},
       {"d", absl::string_view("absl")}});
  const Json line = Only(capture);
  EXPECT_EQ(line["a"], "literal");
  EXPECT_EQ(line["b"], "b");
  EXPECT_EQ(line["c"], "view");
  EXPECT_EQ(line["d"], "absl");
}

TEST(LogTest, SurvivesLineBreaksAndBytesThatAreNoText) {
  ScopedLogCapture capture;
  Log(LogLevel::kInfo, "odd", {{"reason", "a\n\"b\"\xff"}});
  EXPECT_THAT(capture.lines().at(0), Not(HasSubstr("\n")));
  EXPECT_EQ(Only(capture)["reason"], "a\n\"b\"\uFFFD");
}

TEST(LogTest, CutsLongValues) {
  ScopedLogCapture capture;
  Log(LogLevel::kInfo, "long", {{"reason", std::string(100'000, 'x')}});
  EXPECT_LT(capture.lines().at(0).size(), kLogValueBytesMax + 500);
  EXPECT_THAT(capture.lines().at(0), HasSubstr("100000 bytes"));
}

TEST(LogTest, DeniedKeysAreWrittenWithoutTheirValue) {
  ScopedLogCapture capture;
  Log(LogLevel::kInfo, "x", {{"customer_email", "who"}, {"body", "hello"}, {"offset", 12}});
  const Json line = Only(capture);
  EXPECT_EQ(line["customer_email"], "[redacted]");
  EXPECT_EQ(line["body"], "[redacted]");
  EXPECT_EQ(line["offset"], 12);
}

TEST(LogTest, MasksAddressesInsideErrorTexts) {
  ScopedLogCapture capture;
  Log(LogLevel::kError, "refused by eva@example.org",
      {{"why", absl::InvalidArgumentError("to \"eva@example.org\" is not allowed")}});
  EXPECT_FALSE(capture.Contains("eva"));
  EXPECT_FALSE(capture.Contains("example.org"));
}

TEST(LogTest, RepeatsOfOneCallSiteAreLimitedAndCounted) {
  ScopedLogCapture capture(/*limit_repeats=*/true);
  for (int i = 0; i < 10 * kLogBurstMax; ++i) Log(LogLevel::kInfo, "storm");
  Log(LogLevel::kInfo, "another call site");

  EXPECT_LT(capture.lines().size(), 10 * kLogBurstMax);
  EXPECT_GE(capture.lines().size(), static_cast<size_t>(kLogBurstMax));
  EXPECT_TRUE(capture.Contains("another call site"));
}

TEST(LogTest, LinesOfATraceCarryItsId) {
  ScopedLogCapture capture;
  {
    ScopedLogTrace outer("aaaa");
    { ScopedLogTrace inner("bbbb"); }
    Log(LogLevel::kInfo, "in");
  }
  Log(LogLevel::kInfo, "out");
  EXPECT_EQ(Json::parse(capture.lines().at(0))["trace_id"], "aaaa");
  EXPECT_FALSE(Json::parse(capture.lines().at(1)).contains("trace_id"));
}

TEST(LogTest, LevelsAreReadFromText) {
  LogLevel level = LogLevel::kInfo;
  EXPECT_TRUE(ParseLogLevel("error", &level).ok());
  EXPECT_EQ(level, LogLevel::kError);
  EXPECT_FALSE(ParseLogLevel("ERROR", &level).ok());
}

TEST(LogTest, LessSevereLinesAreLeftOut) {
  StartLogging({.service = "x", .level = LogLevel::kError});
  ::testing::internal::CaptureStderr();
  Log(LogLevel::kWarning, "quiet");
  Log(LogLevel::kError, "loud");
  const std::string written = ::testing::internal::GetCapturedStderr();
  StartLogging({.service = "x", .level = LogLevel::kInfo});
  EXPECT_THAT(written, HasSubstr("\"event\":\"loud\"}\n"));
  EXPECT_THAT(written, Not(HasSubstr("quiet")));
}

TEST(RedactedTest, NamesEqualValuesEquallyWithoutShowingThem) {
  EXPECT_EQ(Redacted("+4917012345678"), Redacted("+4917012345678"));
  EXPECT_NE(Redacted("+4917012345678"), Redacted("+4917012345679"));
  EXPECT_THAT(Redacted("+4917012345678"), Not(HasSubstr("4917")));
}

TEST(MaskPersonalTest, MasksWhatLooksPersonal) {
  EXPECT_EQ(MaskPersonal("from Eva.Q+x@Example.org, again"), "from [address], again");
  EXPECT_EQ(MaskPersonal("<jürgen@bücher.example>"), "<[address]>");
  EXPECT_EQ(MaskPersonal("call +49 170 1234567 now"), "call [phone] now");
  EXPECT_EQ(MaskPersonal("+14155550100@sms"), "[address]");
  EXPECT_EQ(MaskPersonal("Authorization: Bearer abc.DEF-1"), "Authorization: Bearer [redacted]");
}

TEST(MaskPersonalTest, LeavesOtherTextAlone) {
  for (const char* text : {"", "a @ b", "@", "x@", "offset +12", "127.0.0.1:7010", "bearer ",
                           "2026-03-01T10:00:00+01:00", "c0ffee-1234-5678-9012-345678901234"}) {
    EXPECT_EQ(MaskPersonal(text), text);
  }
}

TEST(LogKeyTest, DeniesWordsAndSuffixes) {
  EXPECT_TRUE(IsDeniedLogKey("token"));
  EXPECT_TRUE(IsDeniedLogKey("access_token"));
  EXPECT_FALSE(IsDeniedLogKey("tokens"));
  EXPECT_FALSE(IsDeniedLogKey("topic"));
  EXPECT_FALSE(IsDeniedLogKey("subtext"));
}

}  // namespace
}  // namespace trama::platform
