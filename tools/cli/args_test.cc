#include "tools/cli/args.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::tramactl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

CommandTable MakeTable() {
  return CommandTable(
      "tool", "does things",
      {{.name = "output",
        .letter = 'o',
        .value = "FORMAT",
        .help = "how",
        .choices = {"json", "table"}},
       {.name = "token", .value = "TOKEN", .help = "who", .environment = "TOOL_TOKEN"}},
      {{.path = {"apply"},
        .summary = "applies",
        .flags = {{.name = "file",
                   .letter = 'f',
                   .value = "FILE",
                   .help = "which",
                   .repeated = true,
                   .required = true},
                  {.name = "dry-run", .help = "only says what"}}},
       {.path = {"agents", "list"}, .summary = "lists"},
       {.path = {"agents", "show"}, .summary = "shows", .positionals = {{"NAME", "who"}}},
       {.path = {"agent", "<name>", "reply"},
        .summary = "replies",
        .positionals = {{"CONVERSATION", "where"}, {"TEXT", "what", true, true}}}});
}

absl::StatusOr<Invocation> Parse(const std::vector<std::string>& words,
                                 const std::map<std::string, std::string>& environment = {}) {
  static const auto& table = *new CommandTable(MakeTable());
  return table.Parse(words, [environment](const std::string& name) -> std::optional<std::string> {
    const auto it = environment.find(name);
    if (it == environment.end()) return std::nullopt;
    return it->second;
  });
}

std::string Error(const std::vector<std::string>& words) {
  const auto parsed = Parse(words);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parsed.status().message());
}

TEST(ArgsTest, FlagsStandBeforeOrBehindTheCommand) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"-o", "json", "agents", "list"},
                                             {"agents", "-ojson", "list"},
                                             {"agents", "list", "--output=json"},
                                             {"agents", "list", "--output", "json"}}) {
    const auto parsed = Parse(words);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->command->summary, "lists");
    EXPECT_EQ(parsed->arguments.Get("output"), "json");
  }
}

TEST(ArgsTest, RepeatedFlagKeepsAllValues) {
  const auto parsed = Parse({"apply", "-f", "a", "--file=b", "--dry_run"});  // As settings are.
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->arguments.All("file"), ElementsAre("a", "b"));
  EXPECT_TRUE(parsed->arguments.Has("dry-run"));
}

TEST(ArgsTest, PlaceholderInThePathIsAValue) {
  const auto parsed = Parse({"agent", "ana", "reply", "c1", "thank", "you"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->arguments.Get("name"), "ana");
  EXPECT_EQ(parsed->arguments.Get("CONVERSATION"), "c1");
  EXPECT_THAT(parsed->arguments.All("TEXT"), ElementsAre("thank", "you"));
}

TEST(ArgsTest, OptionalPositionalMayBeAbsent) {
  const auto parsed = Parse({"agent", "ana", "reply", "c1"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE(parsed->arguments.Has("TEXT"));
}

TEST(ArgsTest, DoubleDashEndsTheFlags) {
  const auto parsed = Parse({"agent", "ana", "reply", "c1", "--", "--help", "-x"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->arguments.All("TEXT"), ElementsAre("--help", "-x"));
}

TEST(ArgsTest, DashAloneIsAValue) {
  EXPECT_EQ(Parse({"apply", "-f", "-"})->arguments.Get("file"), "-");
}

TEST(ArgsTest, NegativeNumbersAreValues) {
  EXPECT_EQ(Parse({"agents", "show", "-1"})->arguments.Get("NAME"), "-1");
}

TEST(ArgsTest, EnvironmentStandsInForAFlag) {
  EXPECT_EQ(Parse({"agents", "list"}, {{"TOOL_TOKEN", "t"}})->arguments.Get("token"), "t");
  EXPECT_EQ(
      Parse({"agents", "list", "--token", "u"}, {{"TOOL_TOKEN", "t"}})->arguments.Get("token"),
      "u");
}

TEST(ArgsTest, UnknownFlagSuggestsTheNearest) {
  EXPECT_EQ(Error({"agents", "list", "--outptu=json"}),
            "--outptu is not a flag; did you mean --output?");
  EXPECT_EQ(Error({"agents", "list", "-x"}), "-x is not a flag");
}

TEST(ArgsTest, FlagOfAnotherCommandIsRefused) {
  EXPECT_EQ(Error({"agents", "list", "--dry-run"}), "--dry-run is not a flag of \"agents list\"");
}

TEST(ArgsTest, UnknownCommandSuggestsTheNearest) {
  EXPECT_THAT(Error({"aply"}), HasSubstr("\"aply\" is not a command; did you mean \"apply\"?"));
  EXPECT_THAT(Error({"agents", "shwo"}),
              HasSubstr("\"shwo\" is not a command of \"agents\"; did you mean \"show\"?"));
}

TEST(ArgsTest, GroupWithoutCommandNamesItsCommands) {
  EXPECT_EQ(Error({"agents"}), "\"agents\" needs one of list, show");
  EXPECT_EQ(Error({}), "which command? one of agent, agents, apply");
}

TEST(ArgsTest, ValuesAreChecked) {
  EXPECT_EQ(Error({"agents", "list", "-o", "xml"}),
            "--output must be one of json, table, not \"xml\"");
  EXPECT_EQ(Error({"agents", "list", "-o"}), "--output needs a value, FORMAT");
  EXPECT_EQ(Error({"apply", "-f", "a", "--dry-run=1"}), "--dry-run takes no value");
  EXPECT_EQ(Error({"agents", "list", "-ojson", "-ojson"}), "--output is given twice");
}

TEST(ArgsTest, WhatIsRequiredMustBeThere) {
  EXPECT_EQ(Error({"apply"}), "--file FILE is missing: which");
  EXPECT_EQ(Error({"agents", "show"}), "NAME is missing: who");
}

TEST(ArgsTest, OneWordTooManyIsRefused) {
  EXPECT_EQ(Error({"agents", "list", "all"}), "\"all\" is one word too many for \"agents list\"");
}

TEST(ArgsTest, HelpOfTheProgramListsEveryCommand) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--help"}, {"-h"}, {"help"}}) {
    const auto parsed = Parse(words);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->command, nullptr);
    EXPECT_THAT(parsed->help, AllOf(HasSubstr("agents list"), HasSubstr("agent NAME reply"),
                                    HasSubstr("apply"), HasSubstr("--output FORMAT")));
  }
}

TEST(ArgsTest, HelpOfAGroupListsItsCommandsOnly) {
  const auto parsed = Parse({"agents", "--help"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->help, AllOf(HasSubstr("agents list"), Not(HasSubstr("apply"))));
}

TEST(ArgsTest, HelpOfACommandSaysWhatItTakes) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"agents", "show", "--help"}, {"help", "agents", "show"}}) {
    const auto parsed = Parse(words);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_THAT(parsed->help, HasSubstr("usage: tool agents show NAME"));
  }
  const auto parsed = Parse({"apply", "--help"});
  EXPECT_THAT(parsed->help, AllOf(HasSubstr("-f, --file FILE"), HasSubstr("(required)")));
}

TEST(ArgsTest, HelpOfAnUnknownCommandIsAnError) {
  EXPECT_THAT(Error({"help", "aply"}), HasSubstr("did you mean \"apply\"?"));
}

}  // namespace
}  // namespace trama::tramactl
