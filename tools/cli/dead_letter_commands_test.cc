// On a real broker.

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/platform/kafka/dead_letter.h"
#include "services/platform/kafka/producer.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/kafka/topics.h"
#include "tools/cli/run.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::tramactl {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class DeadLetterCommandsTest : public platform::testing::BrokerTest {
 protected:
  struct Result {
    int exit = 0;
    std::string out;
    std::string err;
  };

  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    DeleteAfterwards(platform::kDeadLetters);
    DeleteAfterwards(platform::kInteractions);
    const absl::Status created = admin().CreateTopics(
        {{.name = platform::kDeadLetters}, {.name = platform::kInteractions, .partitions = 2}},
        absl::Seconds(30));
    ASSERT_TRUE(created.ok()) << created;
    // A topic that has just been made may not be led by anybody for a moment.
    ASSERT_TRUE(Eventually([&] { return Run({"deadletter", "purge", "--all"}).exit == 0; }));
    Give(
        {LetterOf("profile", 1, "m1"), LetterOf("routing", 1, "m2"), LetterOf("profile", 0, "m3")});
    first_ = Listed({}).at(0).at("offset").get<int64_t>();
  }

  Result Run(std::vector<std::string> words) {
    for (const std::string& word : {std::string("--kafka"), config().brokers}) {
      words.push_back(word);
    }
    std::ostringstream out;
    std::ostringstream err;
    Result result;
    const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
    result.exit = tramactl::Run(words, nothing, {.out = out, .err = err});
    result.out = out.str();
    result.err = err.str();
    return result;
  }
  json Listed(std::vector<std::string> more) {
    std::vector<std::string> words = {"deadletter", "list", "-o", "json"};
    words.insert(words.end(), more.begin(), more.end());
    const Result result = Run(std::move(words));
    EXPECT_EQ(result.exit, 0) << result.err;
    return json::parse(result.out);
  }

  static std::string Bytes(const std::string& id) {
    interaction::v1::Interaction message;
    message.set_interaction_id(id);
    message.set_workspace("demo");
    return message.SerializeAsString();
  }
  static platform::Record LetterOf(const std::string& service, int32_t partition,
                                   const std::string& id) {
    platform::Record original;
    original.topic = platform::kInteractions;
    original.partition = partition;
    original.offset = 7;
    original.key = "demo/email";
    original.value = Bytes(id);
    original.headers = {{"ce_id", id}};
    return platform::DeadLetterOf(
        original, {.service = service, .reason = "it is odd", .failed_at = absl::UnixEpoch()});
  }
  void Give(const std::vector<platform::Record>& letters) {
    const auto producer = platform::Producer::Create(config());
    ASSERT_TRUE(producer.ok()) << producer.status();
    const absl::Status written = (*producer)->ProduceAll(letters, absl::Seconds(30));
    ASSERT_TRUE(written.ok()) << written;
  }
  std::string Offset(int64_t number) const { return std::to_string(first_ + number); }

  int64_t first_ = 0;  // Offset of the first letter.
};

TEST_F(DeadLetterCommandsTest, ListShowsWhatThereIsAndFilters) {
  EXPECT_THAT(Listed({}), SizeIs(3));
  const json of_routing = Listed({"--service", "routing"});
  ASSERT_THAT(of_routing, SizeIs(1));
  EXPECT_EQ(of_routing[0].at("reason"), "it is odd");
  EXPECT_THAT(Listed({"--source", "trama.interactions.v1/1"}), SizeIs(2));
  EXPECT_THAT(Listed({"--limit", "1"}), SizeIs(1));
  EXPECT_THAT(Run({"deadletter", "list"}).out, HasSubstr("trama.interactions.v1/0/7"));
}

TEST_F(DeadLetterCommandsTest, ShowDecodesTheOriginal) {
  const Result shown = Run({"deadletter", "show", Offset(1), "-o", "json"});
  ASSERT_EQ(shown.exit, 0) << shown.err;
  const json letter = json::parse(shown.out);
  EXPECT_EQ(letter.at("service"), "routing");
  EXPECT_EQ(letter.at("decoded").at("interactionId"), "m2");
  const std::string id = letter.at("deadLetterId");
  EXPECT_THAT(Run({"deadletter", "show", id}).out, HasSubstr("it is odd"));
  EXPECT_EQ(Run({"deadletter", "show", "nothing"}).exit, 1);
}

TEST_F(DeadLetterCommandsTest, RequeuePutsTheOriginalBackIntoItsPlace) {
  ASSERT_EQ(Run({"deadletter", "requeue", Offset(1)}).exit, 0);
  const auto records = ReadAll(platform::kInteractions, 1);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(*records[0].value, Bytes("m2"));
  EXPECT_EQ(records[0].key, "demo/email");
  // The letter stays until it is purged.
  EXPECT_THAT(Listed({}), SizeIs(3));
  ASSERT_EQ(Run({"deadletter", "requeue", "--all"}).exit, 0);
  EXPECT_THAT(ReadAll(platform::kInteractions, 1), SizeIs(3));
  EXPECT_THAT(ReadAll(platform::kInteractions, 0), SizeIs(1));

  EXPECT_EQ(Run({"deadletter", "requeue"}).exit, 2);
  EXPECT_EQ(Run({"deadletter", "requeue", "nothing"}).exit, 1);
}

TEST_F(DeadLetterCommandsTest, PurgeDeletesThoseBeforeAnOffsetOrAll) {
  ASSERT_EQ(Run({"deadletter", "purge", "--before", Offset(2)}).exit, 0);
  const json left = Listed({});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].at("offset"), first_ + 2);
  EXPECT_EQ(Run({"deadletter", "purge"}).exit, 2);
  EXPECT_EQ(Run({"deadletter", "purge", "--before", "soon"}).exit, 2);
  ASSERT_EQ(Run({"deadletter", "purge", "--all"}).exit, 0);
  EXPECT_THAT(Run({"deadletter", "list"}).out, HasSubstr("there is no dead letter"));
}

TEST_F(DeadLetterCommandsTest, TailDecodesRecordsToOneObjectALine) {
  ASSERT_EQ(Run({"deadletter", "requeue", Offset(0)}).exit, 0);
  const Result tail =
      Run({"topics", "tail", "trama.interactions.v1", "--from", "beginning", "-o", "json"});
  ASSERT_EQ(tail.exit, 0) << tail.err;
  const json record = json::parse(tail.out);
  EXPECT_EQ(record.at("value").at("interactionId"), "m1");
  EXPECT_EQ(record.at("partition"), 1);
  EXPECT_EQ(record.at("headers").at("trama-requeued"), "1");
  EXPECT_THAT(Run({"topics", "tail", "trama.interactions.v1", "--from", "someday"}).err,
              HasSubstr("--from"));
}

}  // namespace
}  // namespace trama::tramactl
