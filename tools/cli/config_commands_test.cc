#include <map>

#include "gmock/gmock.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/unary.h"
#include "tools/cli/cli_fixture.h"
#include "tools/cli/commands.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using config::v1::Change;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Answers as it is told and keeps what it was asked.
class FakeConfig final : public config::v1::ConfigService::CallbackService {
 public:
  explicit FakeConfig(platform::CallGate& gate) : gate_(gate) {}

  grpc::ServerUnaryReactor* Apply(grpc::CallbackServerContext* context,
                                  const config::v1::ApplyRequest* request,
                                  config::v1::ApplyResponse* response) override {
    return platform::RunUnary(
        gate_, context, request, response, {.workspace = "demo", .roles = {"admin"}},
        [this](const platform::Call&,
               const config::v1::ApplyRequest& asked) -> absl::StatusOr<config::v1::ApplyResponse> {
          applied.push_back(asked);
          if (unavailable-- > 0) return absl::UnavailableError("not now");
          if (!refusal.ok()) return refusal;
          config::v1::ApplyResponse answer;
          answer.set_revision(7);
          for (const auto& resource : asked.resources()) {
            Change& change = *answer.add_changes();
            change.set_action(Change::ACTION_CREATED);
            change.set_kind(resource.kind());
            change.set_workspace(resource.metadata().workspace());
            change.set_name(resource.metadata().name());
          }
          return answer;
        });
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const config::v1::ListRequest* request,
                                 config::v1::ListResponse* response) override {
    return platform::RunUnary(
        gate_, context, request, response,
        {.workspace = request->workspace(), .roles = {"admin", "supervisor"}},
        [](const platform::Call&,
           const config::v1::ListRequest& asked) -> absl::StatusOr<config::v1::ListResponse> {
          config::v1::ListResponse answer;
          auto& resource = *answer.add_resources();
          resource.set_api_version("trama/v1");
          resource.set_kind(asked.kind());
          resource.mutable_metadata()->set_workspace(asked.workspace());
          resource.mutable_metadata()->set_name(asked.page_token().empty() ? "first" : "second");
          resource.mutable_queue()->set_priority(2);
          if (asked.page_token().empty()) answer.set_next_page_token("more");
          return answer;
        });
  }

  std::vector<config::v1::ApplyRequest> applied;
  absl::Status refusal;
  int unavailable = 0;

 private:
  platform::CallGate& gate_;
};

constexpr char kQueueFile[] =
    "apiVersion: trama/v1\n"
    "kind: Queue\n"
    "metadata: {name: billing}\n"
    "spec:\n"
    "  requiredSkills:\n"
    "    - skill: biling\n";

class ConfigCommandsTest : public testing::CliTest {
 protected:
  void SetUp() override { Serve(config_); }
  FakeConfig config_{fixture_.gate()};
};

TEST_F(ConfigCommandsTest, ApplySendsEveryDocumentAndSaysWhatChanged) {
  const std::string file = folder_.Write("q.yaml", kQueueFile);
  const Result result = Run({"apply", "-f", file});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("Queue  demo       billing  created"), HasSubstr("revision 7")));
  ASSERT_EQ(config_.applied.size(), 1u);
  EXPECT_EQ(config_.applied[0].resources(0).queue().required_skills(0).skill(), "biling");
  EXPECT_FALSE(config_.applied[0].command_id().empty());
}

TEST_F(ConfigCommandsTest, ApplyReadsAFolderInOrder) {
  platform::TempFolder folder;
  folder.Write("b.yaml", kQueueFile);
  folder.Write("a.yml", "{apiVersion: trama/v1, kind: Skill, metadata: {name: a}, spec: {}}");
  folder.Write("notes.txt", "not yaml: [");
  const Result result = Run({"apply", "-f", folder.path()});
  EXPECT_EQ(result.exit, 0) << result.err;
  ASSERT_EQ(config_.applied.size(), 1u);
  EXPECT_EQ(config_.applied[0].resources(0).kind(), "Skill");
  EXPECT_EQ(config_.applied[0].resources(1).kind(), "Queue");
}

TEST_F(ConfigCommandsTest, MistakesOfTheFilesAreFoundBeforeAnythingIsSent) {
  const std::string file = folder_.Write("q.yaml", std::string(kQueueFile) + "  priorty: 1\n");
  const Result result = Run({"apply", "-f", file});
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(result.err, HasSubstr("q.yaml:7:3: spec.priorty: is not a field; did you mean"));
  EXPECT_THAT(config_.applied, IsEmpty());
}

TEST_F(ConfigCommandsTest, RefusalsOfTheServiceNameFileAndLine) {
  config_.refusal =
      InvalidFields({{"resources[0].spec.required_skills[0].skill", "\"biling\" does not exist"}});
  const Result result = Run({"apply", "-f", folder_.Write("q.yaml", kQueueFile)});
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("nothing was applied: 1 mistake\n"),
                    HasSubstr("q.yaml:6:14: spec.requiredSkills[0].skill: \"biling\" does "
                              "not exist")));
}

TEST_F(ConfigCommandsTest, OtherRefusalsShowTheirReason) {
  config_.refusal = TypedError(absl::StatusCode::kAborted, "REVISION_CHANGED", "too late");
  const Result result = Run({"apply", "-f", folder_.Write("q.yaml", kQueueFile)});
  EXPECT_EQ(result.exit, 1);
  EXPECT_EQ(result.err, "error: too late (REVISION_CHANGED)\n");
}

TEST_F(ConfigCommandsTest, CallIsRepeatedWithTheSameCommandWhileTheServiceIsAway) {
  config_.unavailable = 2;
  const Result result = Run({"apply", "-f", folder_.Write("q.yaml", kQueueFile)});
  EXPECT_EQ(result.exit, 0) << result.err;
  ASSERT_EQ(config_.applied.size(), 3u);
  EXPECT_EQ(config_.applied[0].command_id(), config_.applied[2].command_id());
}

TEST_F(ConfigCommandsTest, ServiceThatStaysAwayIsExitThree) {
  config_.unavailable = 1000;
  const Result result =
      Run({"apply", "--timeout", "300ms", "-f", folder_.Write("q.yaml", kQueueFile)});
  EXPECT_EQ(result.exit, 3);
  EXPECT_THAT(result.err, HasSubstr("config does not answer: not now"));
}

TEST_F(ConfigCommandsTest, WrongRoleIsExitOne) {
  const Result result = Run({"apply", "--as", "ana", "-f", folder_.Write("q.yaml", kQueueFile)});
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(config_.applied, IsEmpty());
}

TEST_F(ConfigCommandsTest, GetReadsEveryPage) {
  const Result result = Run({"get", "queues", "-o", "json"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"first\""), HasSubstr("\"second\""),
                                HasSubstr("\"spec\": {\n      \"priority\": 2")));
}

TEST_F(ConfigCommandsTest, GetAsYamlCanBeAppliedAgain) {
  const Result got = Run({"get", "queues", "-o", "yaml"});
  ASSERT_EQ(got.exit, 0) << got.err;
  const Result result = Run({"apply", "-f", folder_.Write("got.yaml", got.out)});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_EQ(config_.applied[0].resources_size(), 2);
}

TEST_F(ConfigCommandsTest, UsageMistakesAreExitTwo) {
  EXPECT_EQ(Run({"get", "qeues"}).exit, 2);
  EXPECT_EQ(Run({"apply"}).exit, 2);
  EXPECT_EQ(Run({"nonsense"}).exit, 2);
  EXPECT_EQ(Run({"get", "queues", "--timeout", "soon"}).exit, 2);
  EXPECT_EQ(Run({"get", "queues", "--as", "nobody"}).exit, 2);
  EXPECT_EQ(Run({"get", "queues", "--endpoints", "/nonexistent"}).exit, 2);
  EXPECT_EQ(Run({"get", "queues", "--endpoints", folder_.Write("e.json", "[]")}).exit, 2);
}

TEST_F(ConfigCommandsTest, WithoutCredentialsOrAddressItSaysWhatToGive) {
  const std::string empty = folder_.Write("e.json", "{}");
  EXPECT_THAT(Run({"get", "queues", "--endpoints", empty}).err, HasSubstr("--config-address"));
  const std::string address = fixture_.server().address();
  EXPECT_THAT(Run({"get", "queues", "--endpoints", empty, "--config-address", address}).err,
              HasSubstr("no credentials: give --token, TRAMA_TOKEN"));
  EXPECT_EQ(
      Run({"get", "queues", "--endpoints", empty, "--config-address", address, "--token", "t-eva"})
          .exit,
      0);
  variables_["TRAMA_TOKEN"] = "t-eva";
  EXPECT_EQ(Run({"get", "queues", "--endpoints", empty, "--config-address", address}).exit, 0);
}

TEST_F(ConfigCommandsTest, TokensNeverShowInErrors) {
  const Result result = Run({"get", "queues", "--token", "secret-token"});
  EXPECT_NE(result.exit, 0);
  EXPECT_THAT(result.err, Not(HasSubstr("secret-token")));
}

TEST(CommandsTest, EveryCommandHasHelp) {
  const CommandTable table = MakeCommandTable();
  for (const Command& command : table.commands()) {
    EXPECT_NE(command.run, nullptr);
    EXPECT_FALSE(command.summary.empty());
    std::vector<std::string> words = command.path;
    words.push_back("--help");
    const auto parsed = table.Parse(words, [](const std::string&) { return std::nullopt; });
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_THAT(parsed->help, HasSubstr("usage: tramactl " + command.path.front()));
    EXPECT_THAT(parsed->help, HasSubstr(command.summary));
  }
}

}  // namespace
}  // namespace trama::tramactl
