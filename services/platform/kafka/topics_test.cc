#include "services/platform/kafka/topics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kWait;
using ::testing::Not;

class TopicsTest : public testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    file_.numbers = 2;
    file_.topics = {{.name = Unique("events"), .partitions = 2, .keep = absl::Hours(24)},
                    {.name = Unique("rows"),
                     .partitions = 2,
                     .compacted = true,
                     .tuning = {{"segment.bytes", "16777216"}}}};
  }

  void TearDown() override {
    for (const TopicSpec& spec : file_.topics) DeleteAfterwards(spec.name);
    BrokerTest::TearDown();
  }

  absl::Status Ensure() { return EnsureTopics(admin(), file_, kWait); }
  absl::Status Check(const std::vector<std::string>& names = {}) {
    return CheckTopics(admin(), file_, names, kWait);
  }

  TopicsFile file_;
};

TEST_F(TopicsTest, CreatesWhatIsMissing) {
  const absl::Status ensured = Ensure();

  ASSERT_TRUE(ensured.ok()) << ensured;
  const auto counts = admin().PartitionCounts(kWait);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->at(file_.topics[0].name), 2);
  const auto settings = admin().DescribeConfigs({file_.topics[1].name}, kWait);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->at(file_.topics[1].name).at("cleanup.policy"), "compact");
  EXPECT_EQ(settings->at(file_.topics[1].name).at("segment.bytes"), "16777216");
}

TEST_F(TopicsTest, AgainIsNoHarm) {
  ASSERT_TRUE(Ensure().ok());
  const absl::Status again = Ensure();
  EXPECT_TRUE(again.ok()) << again;
}

TEST_F(TopicsTest, NamesEveryDifference) {
  ASSERT_TRUE(Ensure().ok());
  file_.topics[0].partitions = 3;
  file_.topics[0].keep = absl::Hours(48);
  file_.topics[1].compacted = false;

  const absl::Status ensured = Ensure();

  EXPECT_EQ(ensured.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(ensured.message()),
              AllOf(HasSubstr(file_.topics[0].name + " has 2 partitions instead of 3"),
                    HasSubstr("retention.ms=86400000 instead of 172800000"),
                    HasSubstr("cleanup.policy=compact instead of delete")));
}

TEST_F(TopicsTest, NumberedTopicsGrow) {
  file_.topics[0].numbered = true;
  ASSERT_TRUE(Ensure().ok());
  const TopicsFile before = file_;
  file_.topics[0].partitions = 4;
  EXPECT_EQ(Check().code(), absl::StatusCode::kFailedPrecondition);

  const absl::Status ensured = Ensure();

  ASSERT_TRUE(ensured.ok()) << ensured;
  const auto counts = admin().PartitionCounts(kWait);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->at(file_.topics[0].name), 4);
  // A process that was started before and starts again must not stop at what has grown.
  EXPECT_TRUE(CheckTopics(admin(), before, {}, kWait).ok());
}

TEST_F(TopicsTest, TuningMayDiffer) {
  ASSERT_TRUE(Ensure().ok());
  file_.topics[1].tuning["segment.bytes"] = "33554432";
  EXPECT_TRUE(Check().ok());
}

TEST_F(TopicsTest, DiffNamesTuningToo) {
  ASSERT_TRUE(Ensure().ok());
  file_.topics[1].tuning["segment.bytes"] = "33554432";
  file_.topics[0].partitions = 3;
  file_.replication = 2;

  const auto differences =
      DiffTopics(admin(), file_, {file_.topics[0].name, file_.topics[1].name}, kWait);

  ASSERT_TRUE(differences.ok()) << differences.status();
  std::vector<std::string> lines;
  for (const TopicDifference& difference : *differences) {
    lines.push_back((difference.breaks_promise ? "! " : "  ") + difference.ToString());
  }
  const std::string& events = file_.topics[0].name;
  const std::string& rows = file_.topics[1].name;
  EXPECT_THAT(lines, ElementsAre("! " + events + " has 2 partitions instead of 3",
                                 "  " + events + " has replication=1 instead of 2",
                                 "  " + rows + " has replication=1 instead of 2",
                                 "  " + rows + " has segment.bytes=16777216 instead of 33554432"));
}

TEST_F(TopicsTest, ChecksOnlyTheNamedOnes) {
  ASSERT_TRUE(Ensure().ok());
  file_.topics[0].partitions = 3;
  EXPECT_TRUE(Check({file_.topics[1].name}).ok());
}

TEST_F(TopicsTest, NamesMissingAndUndeclaredTopics) {
  const absl::Status checked = Check({file_.topics[0].name, "other"});
  EXPECT_EQ(checked.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(checked.message()),
              AllOf(HasSubstr(file_.topics[0].name + " does not exist"),
                    HasSubstr("other is not declared"), Not(HasSubstr(file_.topics[1].name))));
}

TEST_F(TopicsTest, WithoutABrokerItIsAnErrorInTime) {
  KafkaConfig unreachable = config();
  unreachable.brokers = "127.0.0.1:1";
  unreachable.logger = nullptr;
  const auto admin = Admin::Create(unreachable);
  ASSERT_TRUE(admin.ok()) << admin.status();
  const absl::Status created = (*admin)->CreateTopics({{.name = "t"}}, absl::Milliseconds(300));
  EXPECT_FALSE(created.ok());
  EXPECT_FALSE((*admin)->PartitionCounts(absl::Milliseconds(300)).ok());
}

TEST_F(TopicsTest, DeletesTheRecordsBeforeAPosition) {
  const std::string topic = NewTopic("deleted", 1);
  Write(topic, 0, {"a", "b", "c"});
  ASSERT_TRUE(admin().DeleteRecords({{topic, 0, 2}}, kWait).ok());
  EXPECT_EQ(testing::Values(ReadAll(topic, 0)), std::vector<std::string>{"c"});
  ASSERT_TRUE(admin().DeleteRecords({{topic, 0, kOffsetEnd}}, kWait).ok());
  EXPECT_TRUE(ReadAll(topic, 0).empty());
  EXPECT_EQ(admin().DeleteRecords({{topic, 0, 99}}, kWait).code(), absl::StatusCode::kOutOfRange);
}

TEST_F(TopicsTest, CreatingInvalidTopicsNamesThem) {
  const absl::Status created =
      admin().CreateTopics({{.name = Unique("x"), .config = {{"no.such.setting", "1"}}}}, kWait);
  EXPECT_EQ(created.code(), absl::StatusCode::kInvalidArgument) << created;
  EXPECT_THAT(std::string(created.message()), HasSubstr(Unique("x")));
}

}  // namespace
}  // namespace trama::platform
