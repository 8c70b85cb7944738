#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/cli/endpoints.h"
#include "tools/cli/json.h"
#include "tools/cli/kinds.h"
#include "tools/cli/table.h"

namespace trama::tramactl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TableTest, ColumnsAreAsWideAsTheirWidestEntry) {
  TextTable table({"NAME", "QUEUE", "AGE"});
  table.Add({"ação", "billing", "3s"});
  table.Add({"x", "", "12m00s"});
  EXPECT_EQ(table.ToString(false),
            "NAME  QUEUE    AGE\n"
            "ação  billing  3s\n"
            "x     -        12m00s\n");
}

TEST(TableTest, HeadingsAreBoldOnATerminalOnly) {
  TextTable table({"A"});
  EXPECT_EQ(table.ToString(true), "\x1b[1mA\x1b[0m\n");
}

TEST(TableTest, TextsCannotBreakALineOrSteerTheTerminal) {
  EXPECT_EQ(OneLine("a\nb\x1b[31mc\x7f"), "a b [31mc ");
  EXPECT_EQ(OneLine("a\xc2\x9b"
                    "31m"),
            "a 31m");
  EXPECT_EQ(OneLine("ação"), "ação");
  EXPECT_EQ(WithoutControls("a\nb\x1b[31mc"), "a\nb [31mc");
}

TEST(TableTest, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(Shortened("ação", 4), "ação");
  EXPECT_EQ(Shortened("ação!", 4), "açã…");
}

TEST(TableTest, DurationsAreShort) {
  EXPECT_EQ(ShortDuration(absl::Milliseconds(850)), "850ms");
  EXPECT_EQ(ShortDuration(absl::Milliseconds(12345)), "12.3s");
  EXPECT_EQ(ShortDuration(absl::Seconds(200)), "3m20s");
  EXPECT_EQ(ShortDuration(absl::Minutes(125)), "2h05m");
  EXPECT_EQ(ShortDuration(absl::Hours(72)), "3d00h");
  EXPECT_EQ(ShortDuration(absl::Seconds(-5)), "-5.0s");
}

TEST(TableTest, TimesAreRelative) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(Ago(time, absl::FromUnixSeconds(100)), "");
  time.set_seconds(90);
  EXPECT_EQ(Ago(time, absl::FromUnixSeconds(100)), "10.0s ago");
  EXPECT_EQ(Ago(time, absl::FromUnixSeconds(80)), "in 10.0s");
}

TEST(JsonTest, YamlQuotesWhatLooksLikeSomethingElse) {
  EXPECT_EQ(
      ToYaml(Json{
          {"a", "true"}, {"b", "12"}, {"c", "x"}, {"d", 12}, {"e", "09:00-12:00"}, {"f", "4h30m"}}),
      "a: \"true\"\nb: \"12\"\nc: x\nd: 12\ne: \"09:00-12:00\"\nf: 4h30m\n");
  EXPECT_EQ(ToYaml(Json{{"a", Json::array()}, {"b", Json::object()}}), "a: []\nb: {}\n");
}

TEST(JsonTest, WhatHasNoJsonFormDoesNotEndTheProgram) {
  google::protobuf::Timestamp late;
  late.set_seconds(1'000'000'000'000'000);
  EXPECT_TRUE(ToJson(late).contains("undecoded"));
  EXPECT_EQ(ToLine(Json{{"file", "a\xff"}}), "{\"file\":\"a\xef\xbf\xbd\"}");
}

TEST(KindsTest, KindsAreReadAsPeopleTypeThem) {
  for (const char* text :
       {"SlaPolicy", "slapolicy", "sla-policy", "sla-policies", "sla_policies"}) {
    EXPECT_EQ(*ParseKind(text), "SlaPolicy") << text;
  }
  EXPECT_EQ(*ParseKind("queues"), "Queue");
  EXPECT_EQ(*ParseKind("wrapupcodes"), "WrapUpCode");
  EXPECT_EQ(*ParseKind("accounts"), "ChannelAccount");
  EXPECT_THAT(std::string(ParseKind("qeues").status().message()),
              HasSubstr("did you mean \"queues\"?"));
}

constexpr char kEndpoints[] = R"({
  "kafka": "127.0.0.1:9092", "redis": "127.0.0.1:6379",
  "grpc": {"routing": ["127.0.0.1:7010", "127.0.0.1:7011"], "config": "127.0.0.1:7000"},
  "tokens": {"ana": "t1", "acme/ana": "t2"}
})";

TEST(EndpointsTest, AddressesAreReadByService) {
  const auto endpoints = ParseEndpoints(kEndpoints);
  ASSERT_TRUE(endpoints.ok()) << endpoints.status();
  EXPECT_EQ(endpoints->kafka, "127.0.0.1:9092");
  EXPECT_THAT(endpoints->grpc.at("routing"), ElementsAre("127.0.0.1:7010", "127.0.0.1:7011"));
  EXPECT_THAT(endpoints->grpc.at("config"), ElementsAre("127.0.0.1:7000"));
}

TEST(EndpointsTest, TokenOfTheWorkspaceComesFirst) {
  const auto endpoints = ParseEndpoints(kEndpoints);
  EXPECT_EQ(*TokenOf(*endpoints, "demo", "ana"), "t1");
  EXPECT_EQ(*TokenOf(*endpoints, "acme", "ana"), "t2");
  EXPECT_THAT(std::string(TokenOf(*endpoints, "demo", "anna").status().message()),
              HasSubstr("did you mean \"ana\"?"));
}

TEST(EndpointsTest, WrongFormsAreNamed) {
  EXPECT_THAT(std::string(ParseEndpoints("[]").status().message()), HasSubstr("JSON object"));
  EXPECT_THAT(std::string(ParseEndpoints(R"({"grpc": {"routing": 5}})").status().message()),
              HasSubstr("grpc.routing"));
  EXPECT_THAT(std::string(ParseEndpoints(R"({"tokens": {"ana": 5}})").status().message()),
              HasSubstr("tokens.ana"));
}

}  // namespace
}  // namespace trama::tramactl
