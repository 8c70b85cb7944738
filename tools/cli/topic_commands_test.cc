// On a real broker.

#include <sstream>

#include "gmock/gmock.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/kafka/testing/broker.h"
#include "tools/cli/json.h"
#include "tools/cli/run.h"

namespace trama::tramactl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A topics file with one topic of our own.
class TopicCommandsTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    topic_ = Unique("declared");
    DeleteAfterwards(topic_);
    Declare(/*partitions=*/2);
  }

  void Declare(int partitions) {
    file_ = folder_.Write("topics.yaml",
                          "clusters:\n"
                          "  demo: {numbers: 4, keyed: 8, replication: 1, min_insync: 1}\n"
                          "topics:\n"
                          "  - {name: " +
                              topic_ +
                              ", key: none, value: none, says: nothing,\n"
                              "     partitions: " +
                              std::to_string(partitions) +
                              ", cleanup: delete,\n"
                              "     keep: 1d, written_by: [], read_by: [],\n"
                              "     tuning: {segment.bytes: \"16777216\"}}\n");
  }

  int Run(const std::string& command) {
    out_.str("");
    err_.str("");
    return tramactl::Run(
        {"topics", command, "--kafka", config().brokers, "--topics-file", file_, "-o", "json"},
        [](const std::string&) { return std::nullopt; }, {.out = out_, .err = err_});
  }

  // The settings in which our topic differs. Other tests may leave other topics on the broker.
  std::vector<std::string> Differences() {
    std::vector<std::string> settings;
    const int exit = Run("diff");
    const Json json = Json::parse(out_.str());
    EXPECT_EQ(exit, json.empty() ? 0 : 1) << err_.str();
    EXPECT_EQ(err_.str(), "") << "a difference is no error";
    for (const Json& difference : json) {
      if (difference["topic"] == topic_) settings.push_back(difference["setting"]);
    }
    return settings;
  }

  platform::TempFolder folder_;
  std::string topic_;
  std::string file_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(TopicCommandsTest, DiffNamesWhatIsNotAsDeclared) {
  EXPECT_THAT(Differences(), ElementsAre("exists"));
  ASSERT_EQ(Run("ensure"), 0) << err_.str();
  EXPECT_THAT(Differences(), IsEmpty());
  Declare(/*partitions=*/3);
  EXPECT_THAT(Differences(), ElementsAre("partitions"));
}

TEST_F(TopicCommandsTest, AFileThatCannotBeReadIsWrongUsage) {
  file_ = folder_.Write("topics.yaml", "clusters: {}\n");
  EXPECT_EQ(Run("diff"), 2);
}

}  // namespace
}  // namespace trama::tramactl
