// On a real broker.

#include "tools/cli/topic_reader.h"
#include "gmock/gmock.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::tramactl {
namespace {

using platform::Record;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr absl::Duration kWait = absl::Seconds(30);

class TopicReaderTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    topic_ = NewTopic("read", 2);
    Write(topic_, 0, {"a0", "a1", "a2", "a3"});
    Write(topic_, 1, {"b0", "b1"});
  }

  std::vector<std::string> Read(TopicRange range) {
    range.topic = topic_;
    std::vector<std::string> values;
    const absl::Status read = ReadTopic(config(), range, kWait, [&](const Record& record) {
      values.push_back(*record.value);
      return values.size() < 100;
    });
    EXPECT_TRUE(read.ok()) << read;
    return values;
  }
  absl::Status Error(TopicRange range) {
    if (range.topic.empty()) range.topic = topic_;
    return ReadTopic(config(), range, kWait, [](const Record&) { return true; });
  }

  std::string topic_;
};

TEST_F(TopicReaderTest, ReadsAllPartitionsToTheirEnd) {
  EXPECT_THAT(Read({.from = "beginning"}),
              UnorderedElementsAre("a0", "a1", "a2", "a3", "b0", "b1"));
}

TEST_F(TopicReaderTest, ReadsTheLastOnesOfEachPartition) {
  EXPECT_THAT(Read({.from = "-1"}), UnorderedElementsAre("a3", "b1"));
  EXPECT_THAT(Read({.from = "-3"}), UnorderedElementsAre("a1", "a2", "a3", "b0", "b1"));
}

TEST_F(TopicReaderTest, ReadsFromAnOffsetOfOnePartition) {
  EXPECT_THAT(Read({.partitions = {0}, .from = "2"}), ElementsAre("a2", "a3"));
  EXPECT_THAT(Read({.partitions = {0}, .from = "end"}), IsEmpty());
  EXPECT_THAT(Read({.partitions = {0}, .from = "1h"}), ElementsAre("a0", "a1", "a2", "a3"));
}

TEST_F(TopicReaderTest, FollowsUntilToldToStop) {
  std::vector<std::string> values;
  const absl::Status read =
      ReadTopic(config(), {.topic = topic_, .partitions = {0}, .from = "-1", .follow = true}, kWait,
                [&](const Record& record) {
                  values.push_back(*record.value);
                  if (values.size() == 1) Write(topic_, 0, {"a4"});
                  return values.size() < 2;
                });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_THAT(values, ElementsAre("a3", "a4"));
}

TEST_F(TopicReaderTest, RefusesWhatDoesNotExist) {
  EXPECT_EQ(Error({.topic = "nothing"}).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Error({.partitions = {7}}).message()),
              HasSubstr("has partitions 0 to 1"));
  EXPECT_EQ(Error({.from = "somewhere"}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trama::tramactl
