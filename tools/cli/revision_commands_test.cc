#include "gmock/gmock.h"
#include "services/config/applier.h"
#include "services/config/config_service.h"
#include "services/config/memory_revision_log.h"
#include "tools/cli/cli_fixture.h"
#include "tools/cli/json.h"

namespace trama::tramactl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kWorkspace[] =
    "apiVersion: trama/v1\n"
    "kind: Workspace\n"
    "metadata: {name: demo}\n"
    "spec: {timeZone: America/Sao_Paulo, defaultRegion: BR, identitySecret: 'env:SECRET'}\n";

std::string Queue(int order) {
  return "apiVersion: trama/v1\n"
         "kind: Queue\n"
         "metadata: {name: billing}\n"
         "spec:\n"
         "  order: " +
         std::to_string(order) + "\n";
}

// The commands and the service itself, over topics in memory.
class RevisionCommandsTest : public testing::CliTest {
 protected:
  void SetUp() override {
    Serve(server_);
    Apply(std::string(kWorkspace) + "---\n" + Queue(1));
  }

  void Apply(const std::string& yaml) {
    const Result result = Run({"apply", "-f", folder_.Write("applied.yaml", yaml)});
    ASSERT_EQ(result.exit, 0) << result.err;
  }
  Result Diff(const std::string& yaml) {
    return Run({"config", "diff", "-f", folder_.Write("wanted.yaml", yaml)});
  }

  platform::SystemClock clock_;
  config::ConfigMetrics metrics_{fixture_.metrics()};
  config::MemoryTopics topics_;
  config::MemoryRevisionLog log_{topics_};
  config::Applier applier_{log_, clock_, 4, [n = 0]() mutable { return std::to_string(++n); }};
  config::ConfigServer server_{fixture_.gate(), applier_, log_, metrics_};
};

TEST_F(RevisionCommandsTest, DiffNamesWhatApplyWouldChangeAndExitsWithOne) {
  const Result result = Diff(Queue(5) + "---\n" +
                             "{apiVersion: trama/v1, kind: Skill, metadata: {name: cards}, "
                             "spec: {displayName: Cards}}\n");
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(result.err, IsEmpty()) << "a difference is no error";
  EXPECT_EQ(result.out,
            "~ Queue demo/billing\n"
            "    spec.order: 1 → 5\n"
            "+ Skill demo/cards\n"
            "    spec: - → {\"displayName\":\"Cards\"}\n"
            "2 of 2 resources differ\n");
  EXPECT_EQ(log_.Current()->revision(), 1) << "diff writes nothing";
}

TEST_F(RevisionCommandsTest, DiffOfWhatStandsIsExitZero) {
  const Result result = Diff(Queue(1));
  EXPECT_EQ(result.exit, 0);
  EXPECT_EQ(result.out, "0 of 1 resources differ\n");
}

TEST_F(RevisionCommandsTest, DiffPlacesWhatTheServiceRefuses) {
  const Result result = Diff(Queue(1) + "  calendar: ofice\n");
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(result.err,
              HasSubstr("wanted.yaml:6:13: spec.calendar: calendar \"ofice\" does not exist"));
}

TEST_F(RevisionCommandsTest, DiffAsJsonHoldsTheFields) {
  const std::string file = folder_.Write("wanted.yaml", Queue(5));
  const Result result = Run({"config", "diff", "-f", file, "-o", "json"});
  EXPECT_EQ(result.exit, 1);
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["differences"][0]["fields"][0]["field"], "spec.order");
}

TEST_F(RevisionCommandsTest, HistoryNamesAuthorsAndChanges) {
  Apply(Queue(5));
  const Result result = Run({"config", "history"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("AUTHOR"), HasSubstr("operator"),
                    HasSubstr("changed Queue demo/billing"), HasSubstr("created Workspace demo")));
  EXPECT_LT(result.out.find("changed Queue"), result.out.find("created Workspace"));
}

TEST_F(RevisionCommandsTest, HistoryOfOneResourceAndOfACount) {
  Apply("{apiVersion: trama/v1, kind: Skill, metadata: {name: cards}, spec: {}}\n");
  const Result of_queue = Run({"config", "history", "queues", "billing"});
  EXPECT_EQ(of_queue.exit, 0) << of_queue.err;
  EXPECT_THAT(of_queue.out, AllOf(HasSubstr("Queue demo/billing"), Not(HasSubstr("cards"))));
  const Result newest = Run({"config", "history", "--count", "1", "-o", "json"});
  const Json json = Json::parse(newest.out);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["revision"], "2");
  EXPECT_EQ(Run({"config", "history", "--count", "0"}).exit, 2);
}

TEST_F(RevisionCommandsTest, HistoryReadsEveryPage) {
  for (int order = 2; order < 110; ++order) Apply(Queue(order));
  const Result all = Run({"config", "history", "--count", "1000", "-o", "json"});
  EXPECT_EQ(Json::parse(all.out).size(), 109u);
}

TEST_F(RevisionCommandsTest, RollbackRestoresAndSaysSo) {
  Apply(Queue(5));
  const Result shown = Run({"config", "rollback", "1", "--dry-run"});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_EQ(shown.out,
            "~ Queue demo/billing\n"
            "    spec.order: 5 → 1\n"
            "1 resources would change\n");
  EXPECT_EQ(log_.Current()->revision(), 2);

  const Result done = Run({"config", "rollback", "1"});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("revision 3"));
  EXPECT_EQ(log_.Current()->Find({"Queue", "demo", "billing"})->queue().order(), 1);
  EXPECT_THAT(Run({"config", "history"}).out, HasSubstr("back to revision 1"));
}

TEST_F(RevisionCommandsTest, RollbackToNowhereIsRefused) {
  const Result missing = Run({"config", "rollback", "9"});
  EXPECT_EQ(missing.exit, 1);
  EXPECT_THAT(missing.err, HasSubstr("there is no revision 9; the newest is 1"));
  EXPECT_EQ(Run({"config", "rollback", "yesterday"}).exit, 2);
  const Result late = Run({"config", "rollback", "1", "--expected-revision", "7"});
  EXPECT_THAT(late.err, HasSubstr("REVISION_CHANGED"));
}

}  // namespace
}  // namespace trama::tramactl
