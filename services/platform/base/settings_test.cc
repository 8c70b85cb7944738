#include "services/platform/base/settings.h"

#include <fstream>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/testing/temp_folder.h"

ABSL_FLAG(std::string, test_name, "none", "for these tests");
ABSL_FLAG(int32_t, test_count, 1, "for these tests");
ABSL_FLAG(bool, test_fast, false, "for these tests");
ABSL_FLAG(absl::Duration, test_wait, absl::Seconds(1), "for these tests");

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SettingsTest : public ::testing::Test {
 protected:
  std::vector<std::string> Read(std::vector<std::string> arguments,
                                std::map<std::string, std::string> environment = {},
                                SettingValues defaults = {}) {
    SettingsSources sources;
    sources.arguments = std::move(arguments);
    sources.defaults = std::move(defaults);
    sources.environment = [environment](const std::string& name) -> std::optional<std::string> {
      const auto it = environment.find(name);
      if (it == environment.end()) return std::nullopt;
      return it->second;
    };
    return ReadSettings(sources).lines();
  }

  // The option that names a file with this content.
  std::string ConfigFile(const std::string& content) {
    return absl::StrCat("--config_file=", folder_.Write("settings.yaml", content));
  }

  absl::FlagSaver saver_;
  TempFolder folder_;
};

TEST_F(SettingsTest, ReadsEveryFormOfTheCommandLine) {
  EXPECT_THAT(Read({"--test_name=a=b", "--test_count", "7", "--test_fast", "-test_wait=3s"}),
              IsEmpty());

  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "a=b");
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 7);
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_fast));
  EXPECT_EQ(absl::GetFlag(FLAGS_test_wait), absl::Seconds(3));
}

TEST_F(SettingsTest, NegatesABool) {
  EXPECT_THAT(Read({"--test_fast", "--notest_fast"}), IsEmpty());
  EXPECT_FALSE(absl::GetFlag(FLAGS_test_fast));
}

TEST_F(SettingsTest, CommandLineWinsOverEnvironmentOverFileOverServiceDefault) {
  const std::string file = ConfigFile("test_name: file\ntest_count: 2\ntest_wait: 2s\n");
  EXPECT_THAT(Read({"--test_name=line", file},
                   {{"TRAMA_TEST_NAME", "environment"}, {"TRAMA_TEST_COUNT", "3"}},
                   {{"test_name", "default"},
                    {"test_count", "4"},
                    {"test_wait", "4s"},
                    {"test_fast", "true"}}),
              IsEmpty());

  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "line");
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 3);
  EXPECT_EQ(absl::GetFlag(FLAGS_test_wait), absl::Seconds(2));
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_fast));
}

TEST_F(SettingsTest, EnvironmentMayNameTheFile) {
  const std::string path = folder_.Write("x.yaml", "test_name: [a, b]\n");
  EXPECT_THAT(Read({}, {{"TRAMA_CONFIG_FILE", path}}), IsEmpty());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "a,b");
}

TEST_F(SettingsTest, ReportsAllMistakesAtOnce) {
  const std::string file = ConfigFile("test_nmae: x\ntest_wait: soon\n");
  EXPECT_THAT(
      Read({"--test_count=many", "--no_such=1", "stray", file}, {{"TRAMA_TEST_FAST", "perhaps"}}),
      ElementsAre(HasSubstr("argument \"stray\" is not understood"),
                  HasSubstr("settings.yaml:1: test_nmae is not a setting"),
                  HasSubstr("settings.yaml:2: test_wait cannot be read from \"soon\""),
                  HasSubstr("TRAMA_TEST_FAST cannot be read from \"perhaps\""),
                  HasSubstr("--test_count cannot be read from \"many\"; an example is 1"),
                  HasSubstr("--no_such is not a setting")));
}

TEST_F(SettingsTest, MissingValueIsAMistake) {
  EXPECT_THAT(Read({"--test_name"}), ElementsAre(HasSubstr("--test_name has no value")));
}

TEST_F(SettingsTest, UnknownEnvironmentVariablesAreNoMistakes) {
  EXPECT_THAT(Read({}, {{"TRAMA_ROUTING_SERVICE_HOST", "10.0.0.1"}}), IsEmpty());
}

TEST_F(SettingsTest, FileMistakesNameTheLine) {
  EXPECT_THAT(Read({ConfigFile("test_name: a\ntest_name: b\n")}),
              ElementsAre(HasSubstr("settings.yaml:2: test_name stands already in line 1")));
  EXPECT_THAT(Read({ConfigFile("test_name: {a: b}\n")}), ElementsAre(HasSubstr("plain value")));
  EXPECT_THAT(Read({ConfigFile("- a\n")}), ElementsAre(HasSubstr("is not a map")));
  EXPECT_THAT(Read({ConfigFile("a: [\n")}), SizeIs(1));
  EXPECT_THAT(Read({ConfigFile("")}), IsEmpty());
}

TEST_F(SettingsTest, MissingFileIsAMistake) {
  EXPECT_THAT(Read({"--config_file=/nonexistent/x.yaml"}),
              ElementsAre(HasSubstr("--config_file: file /nonexistent/x.yaml cannot be read")));
}

class StartSettingsTest : public SettingsTest {
 protected:
  std::optional<int> Start(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "trama-test");
    return StartSettings(static_cast<int>(arguments.size()), arguments.data(), program_);
  }

  ProgramInfo program_{.name = "trama-test", .version = "1.2.3", .purpose = "Tests."};
};

TEST_F(StartSettingsTest, GoesOnWhenAllIsFine) { EXPECT_EQ(Start({}), std::nullopt); }

TEST_F(StartSettingsTest, CheckEndsWithZero) { EXPECT_EQ(Start({"--check"}), 0); }

TEST_F(StartSettingsTest, PrintsEveryMistakeOnItsOwnLineAndEndsWithTwo) {
  program_.validators.push_back(
      [](Mistakes& mistakes) { mistakes.Add("--test_count is 1 but must be even"); });
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Start({"--check", "--unknown=1", "--log_level=loud"}), 2);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "--unknown is not a setting; see --help\n"
            "--log_level: \"loud\" is no log level; use debug, info, warning or error\n"
            "--test_count is 1 but must be even\n");
}

TEST_F(StartSettingsTest, VersionAndHelpEndWithZero) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Start({"--version"}), 0);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "trama-test 1.2.3\n");

  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Start({"--help"}), 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("--test_count"));
}

TEST_F(SettingsTest, CommonFlagsAreCheckedTogether) {
  absl::SetFlag(&FLAGS_admin_listen, "nowhere");
  absl::SetFlag(&FLAGS_worker_threads, 0);
  absl::SetFlag(&FLAGS_tls_cert_file, "a.pem");
  Mistakes mistakes;
  CheckCommonFlags({CommonFlag::kTokensFile, CommonFlag::kProfileAddress}, mistakes);
  EXPECT_THAT(
      mistakes.lines(),
      ElementsAre(HasSubstr("--admin_listen: \"nowhere\""),
                  HasSubstr("--profile_address is needed"), HasSubstr("--tokens_file is needed"),
                  HasSubstr("--tls_cert_file and --tls_key_file go together"),
                  HasSubstr("--worker_threads is 0 but must be from 1 to 64")));
}

TEST_F(SettingsTest, CommonFlagsAreFineByDefault) {
  Mistakes mistakes;
  CheckCommonFlags({CommonFlag::kRedis}, mistakes);
  EXPECT_THAT(mistakes.lines(), IsEmpty());
}

TEST(ResolveSecretTest, ReadsAFileWithoutItsLineBreak) {
  TempFolder folder;
  EXPECT_EQ(*ResolveSecret("file:" + folder.Write("s", "hush \n")), "hush ");
}

TEST(ResolveSecretTest, ReadsTheEnvironment) {
  setenv("TRAMA_TEST_SECRET", "hush", 1);
  EXPECT_EQ(*ResolveSecret("env:TRAMA_TEST_SECRET"), "hush");
}

TEST(ResolveSecretTest, RefusesABareValueWithoutRepeatingIt) {
  const absl::Status status = ResolveSecret("s3cret").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
}

TEST(ResolveSecretTest, NothingThereIsNotFound) {
  TempFolder folder;
  EXPECT_EQ(ResolveSecret("file:" + folder.path() + "/none").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ResolveSecret("file:" + folder.Write("e", "\n")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ResolveSecret("env:TRAMA_TEST_UNSET").status().code(), absl::StatusCode::kNotFound);
}

TEST(ReadSmallFileTest, RefusesLongFilesAndFolders) {
  TempFolder folder;
  const std::string path = folder.Write("x", "12345");
  EXPECT_EQ(*ReadSmallFile(path, 5), "12345");
  EXPECT_EQ(ReadSmallFile(path, 4).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(ReadSmallFile(folder.path(), 5).ok());
  EXPECT_EQ(*ReadSmallFile(folder.Write("empty", ""), 5), "");
}

}  // namespace
}  // namespace trama::platform
