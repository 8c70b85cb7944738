#include "tools/cli/completion.h"

#include "gmock/gmock.h"
#include "services/platform/grpc/unary.h"
#include "tools/cli/cli_fixture.h"
#include "tools/cli/commands.h"
#include "tools/cli/kinds.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Completion At(const std::vector<std::string>& words) {
  return Complete(MakeCommandTable(), words, KindWords(),
                  {"trama.agents.v1", "trama.conversations.v1"});
}

std::vector<std::string> WordsAt(const std::vector<std::string>& words) {
  std::vector<std::string> offered;
  for (const auto& candidate : At(words).candidates) offered.push_back(candidate.word);
  return offered;
}

TEST(CompletionTest, OffersCommandsAndTheirWords) {
  EXPECT_THAT(WordsAt({""}), AllOf(Contains("apply"), Contains("config"), Contains("topics")));
  EXPECT_THAT(WordsAt({"ap"}), ElementsAre("apply"));
  EXPECT_THAT(WordsAt({"config", ""}), ElementsAre("diff", "history", "rollback"));
  EXPECT_THAT(WordsAt({"-o", "json", "config", "r"}), ElementsAre("rollback"));
  EXPECT_EQ(At({"ap"}).candidates[0].help,
            "Create or change resources from YAML files, all or none");
}

TEST(CompletionTest, OffersFlagsOfTheCommandAndOfAll) {
  EXPECT_THAT(WordsAt({"apply", "--"}),
              AllOf(Contains("--file"), Contains("--dry-run"), Contains("--output"),
                    Contains("--help"), Not(Contains("--all-workspaces"))));
  EXPECT_THAT(WordsAt({"--work"}), ElementsAre("--workspace"));
}

TEST(CompletionTest, OffersTheValuesOfAFlag) {
  EXPECT_THAT(WordsAt({"get", "queues", "-o", ""}), ElementsAre("table", "json", "yaml"));
  EXPECT_THAT(WordsAt({"--output", "=", "j"}), ElementsAre("json")) << "bash parts words at =";
  EXPECT_THAT(WordsAt({"--output", "="}), ElementsAre("table", "json", "yaml"));
  EXPECT_THAT(WordsAt({"--output=j"}), ElementsAre("--output=json"));
  EXPECT_TRUE(At({"apply", "-f", ""}).files);
  EXPECT_TRUE(At({"blobs", "expire", "--blob-dir", ""}).files);
  EXPECT_FALSE(At({"apply", ""}).files);
}

TEST(CompletionTest, OffersWhatStandsForAWord) {
  EXPECT_EQ(At({"blobs", "erase", ""}).names_of, "Workspace");
  EXPECT_EQ(At({"blobs", "erase", "demo", ""}).names_of, "");
  EXPECT_THAT(WordsAt({"get", "sla"}), ElementsAre("sla-policies"));
  EXPECT_THAT(WordsAt({"topics", "tail", "trama.c"}), ElementsAre("trama.conversations.v1"));
  EXPECT_THAT(WordsAt({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(WordsAt({"get", "queues", "q", "--all-workspaces", "nothing", "--", ""}), IsEmpty());
}

TEST(CompletionTest, SaysWhichNamesToLookUpAndWhere) {
  EXPECT_EQ(At({"get", "queues", ""}).names_of, "Queue");
  EXPECT_EQ(At({"delete", "sla-policies", "a", "b"}).names_of, "SlaPolicy") << "several";
  EXPECT_EQ(At({"agent", ""}).names_of, "Agent");
  EXPECT_EQ(At({"get", "queues", "-w", ""}).names_of, "Workspace");
  EXPECT_EQ(At({"get", "nonsense", ""}).names_of, "");
  EXPECT_THAT(At({"-w", "acme", "get", "queues", "--as", "eva", ""}).global_words,
              ElementsAre("-w", "acme", "--as", "eva"));
}

// Lists one queue for whoever may see it.
class OneQueue final : public config::v1::ConfigService::CallbackService {
 public:
  explicit OneQueue(platform::CallGate& gate) : gate_(gate) {}
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const config::v1::ListRequest* request,
                                 config::v1::ListResponse* response) override {
    return platform::RunUnary(
        gate_, context, request, response,
        {.workspace = request->workspace(), .roles = {"admin", "supervisor"}},
        [](const platform::Call&,
           const config::v1::ListRequest& asked) -> absl::StatusOr<config::v1::ListResponse> {
          config::v1::ListResponse answer;
          answer.add_resources()->mutable_metadata()->set_name(asked.workspace() + "-billing");
          return answer;
        });
  }

 private:
  platform::CallGate& gate_;
};

class CompletionOfNamesTest : public testing::CliTest {
 protected:
  void SetUp() override { Serve(service_); }
  OneQueue service_{fixture_.gate()};
};

TEST_F(CompletionOfNamesTest, LooksNamesUp) {
  EXPECT_EQ(Run({"__complete", "get", "queues", ""}).out, "demo-billing\t\n");
  EXPECT_EQ(Run({"__complete", "get", "queues", "-w", "acme", "ac"}).out, "acme-billing\t\n");
  EXPECT_EQ(Run({"__complete", "get", "queues", "x"}).out, "");
}

TEST_F(CompletionOfNamesTest, StaysSilentWhenItCannotAsk) {
  const Result result =
      Run({"__complete", "--endpoints", folder_.Write("e.json", "{}"), "get", "queues", ""});
  EXPECT_EQ(result.exit, 0);
  EXPECT_EQ(result.out + result.err, "");
}

TEST_F(CompletionOfNamesTest, PrintsAScriptForEachShell) {
  for (const std::string& shell : CompletionShells()) {
    const Result result = Run({"completion", shell});
    EXPECT_EQ(result.exit, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("__complete"));
  }
  EXPECT_EQ(Run({"completion", "csh"}).exit, 2);
}

}  // namespace
}  // namespace trama::tramactl
