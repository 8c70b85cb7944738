#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/topics.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;

TopicsFile BuiltIn(const std::string& cluster) {
  absl::StatusOr<TopicsFile> file = LoadTopics("", cluster);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *file : TopicsFile();
}

// A file with one topic whose fields are `fields`, one a line.
std::string WithTopic(const std::string& fields) {
  std::string yaml =
      "clusters:\n  small: {numbers: 4, keyed: 8, replication: 1, min_insync: 1}\n"
      "topics:\n  - name: t\n    key: k\n    value: v\n    says: s\n"
      "    written_by: [a]\n    read_by: [b]\n";
  return absl::StrCat(yaml, fields);
}

TEST(TopicsFileTest, DeclaresEveryTopicThatHasAName) {
  const TopicsFile file = BuiltIn("demo");
  for (const std::string& name :
       {std::string(kInteractions), std::string(kWork), std::string(kConversations),
        std::string(kAgents), std::string(kDeliveries), std::string(kSla), std::string(kProfiles),
        std::string(kReports), std::string(kConfig), std::string(kConfigHistory),
        std::string(kOwners), std::string(kRoutingChangelog), std::string(kSlaChangelog),
        std::string(kDeadLetters), OutboundTopic("email"), OutboundTopic("sms"),
        OutboundTopic("whatsapp"), OutboundTopic("open"), OutboundTopic("note")}) {
    EXPECT_NE(file.Find(name), nullptr) << name;
  }
  EXPECT_EQ(file.topics.size(), 19);
}

TEST(TopicsFileTest, EveryChannelHasItsOutboundTopic) {
  const absl::StatusOr<TopicsFile> file = ParseTopics(
      absl::StrReplaceAll(WithTopic("    partitions: 1\n    cleanup: delete\n    keep: 1d\n"),
                          {{"name: t", "name: trama.outbound.fax.v1"}}),
      "small");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(OutboundTopics(*file), ElementsAre(Pair("fax", "trama.outbound.fax.v1")));
  EXPECT_THAT(OutboundTopics(BuiltIn("demo")), IsSupersetOf({Pair("email", OutboundTopic("email")),
                                                             Pair("note", OutboundTopic("note")),
                                                             Pair("sms", OutboundTopic("sms"))}));
}

TEST(TopicsFileTest, TopicsOfTheEnginesHaveOnePartitionPerNumber) {
  for (const std::string cluster : {"demo", "production"}) {
    const TopicsFile file = BuiltIn(cluster);
    for (const std::string& name :
         {std::string(kWork), std::string(kConversations), std::string(kAgents),
          std::string(kDeliveries), std::string(kSla), std::string(kRoutingChangelog),
          std::string(kSlaChangelog), OutboundTopic("email"), OutboundTopic("sms"),
          OutboundTopic("whatsapp"), OutboundTopic("open"), OutboundTopic("note")}) {
      EXPECT_EQ(file.Find(name)->partitions, file.numbers) << name;
    }
    EXPECT_EQ(file.Find(kInteractions)->partitions, file.Find(kProfiles)->partitions);
    EXPECT_EQ(file.Find(kConfig)->partitions, 1);
  }
  EXPECT_EQ(BuiltIn("demo").numbers, 4);
}

TEST(TopicsFileTest, KeepsRecordsAsLongAsTheArchitectureSays) {
  const TopicsFile file = BuiltIn("demo");
  EXPECT_EQ(file.Find(kInteractions)->keep, absl::Hours(24 * 30));
  EXPECT_EQ(file.Find(kConversations)->keep, absl::Hours(24 * 400));
  EXPECT_EQ(file.Find(kWork)->keep, absl::Hours(24 * 7));
  EXPECT_EQ(file.Find(kConfigHistory)->keep, absl::InfiniteDuration());
  EXPECT_FALSE(file.Find(kConfigHistory)->compacted);
  for (const char* name :
       {kProfiles, kReports, kConfig, kOwners, kRoutingChangelog, kSlaChangelog}) {
    EXPECT_TRUE(file.Find(name)->compacted) << name;
  }
}

TEST(TopicsFileTest, PersonalDataIsOnlyWhereTheArchitectureAllowsIt) {
  std::set<std::string> personal;
  for (const TopicSpec& topic : BuiltIn("demo").topics) {
    if (topic.personal) personal.insert(topic.name);
  }
  EXPECT_EQ(personal, (std::set<std::string>{kInteractions, kWork, kProfiles, kDeadLetters,
                                             OutboundTopic("email"), OutboundTopic("sms"),
                                             OutboundTopic("whatsapp"), OutboundTopic("open"),
                                             OutboundTopic("note")}));
}

TEST(TopicsFileTest, ErasedPersonalDataLeavesTheDisk) {
  const TopicsFile file = BuiltIn("production");
  EXPECT_EQ(file.Find(kProfiles)->tuning.at("max.compaction.lag.ms"), "86400000");
}

TEST(TopicsFileTest, AsksKafkaForWhatItDeclares) {
  const TopicsFile file = BuiltIn("production");

  const NewTopic interactions = ToNewTopic(file, *file.Find(kInteractions));
  const NewTopic history = ToNewTopic(file, *file.Find(kConfigHistory));
  const NewTopic changelog = ToNewTopic(file, *file.Find(kRoutingChangelog));

  EXPECT_EQ(interactions.replication, 3);
  EXPECT_EQ(interactions.config.at("min.insync.replicas"), "2");
  EXPECT_EQ(interactions.config.at("cleanup.policy"), "delete");
  EXPECT_EQ(interactions.config.at("retention.ms"), "2592000000");
  EXPECT_EQ(history.config.at("retention.ms"), "-1");
  EXPECT_EQ(changelog.config.at("cleanup.policy"), "compact");
  EXPECT_EQ(changelog.config.at("segment.bytes"), "16777216");
  EXPECT_FALSE(changelog.config.contains("retention.ms"));
}

TEST(TopicsFileTest, EveryTopicSaysWhatItIsAndWhoUsesIt) {
  for (const TopicSpec& topic : BuiltIn("demo").topics) {
    EXPECT_THAT(topic.says, Not(IsEmpty())) << topic.name;
    EXPECT_THAT(topic.written_by, Not(IsEmpty())) << topic.name;
    EXPECT_THAT(topic.read_by, Not(IsEmpty())) << topic.name;
  }
}

TEST(TopicsFileTest, ReadsATopic) {
  const absl::StatusOr<TopicsFile> file = ParseTopics(
      WithTopic("    partitions: keyed\n    cleanup: delete\n    keep: 36h\n    internal: true\n"
                "    tuning: {segment.bytes: 1000}\n"),
      "small");
  ASSERT_TRUE(file.ok()) << file.status();
  const TopicSpec& topic = file->topics[0];
  EXPECT_EQ(topic.partitions, 8);
  EXPECT_EQ(topic.keep, absl::Hours(36));
  EXPECT_TRUE(topic.internal);
  EXPECT_FALSE(topic.personal);
  EXPECT_THAT(topic.written_by, ElementsAre("a"));
  EXPECT_EQ(topic.tuning.at("segment.bytes"), "1000");
}

TEST(TopicsFileTest, NamesTopicAndFieldOfAMistake) {
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"    partitions: 0\n    cleanup: delete\n    keep: 1d\n", "topic t: partitions"},
      {"    partitions: many\n    cleanup: delete\n    keep: 1d\n", "topic t: partitions"},
      {"    partitions: 1\n    cleanup: shred\n    keep: 1d\n", "topic t: cleanup"},
      {"    partitions: 1\n    cleanup: delete\n    keep: soon\n", "topic t: keep"},
      {"    partitions: 1\n    cleanup: delete\n    keep: -1d\n", "topic t: keep"},
      {"    partitions: 1\n    cleanup: compact\n    keep: 1d\n", "topic t: keep"},
      {"    partitions: 1\n    cleanup: delete\n", "topic t: keep"},
      {"    partitions: 1\n    cleanup: delete\n    keep: 1d\n    colour: red\n", "colour"},
      {"    partitions: [\n", "topics file"}};
  for (const auto& [fields, place] : mistakes) {
    const absl::Status status = ParseTopics(WithTopic(fields), "small").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << fields;
    EXPECT_THAT(std::string(status.message()), HasSubstr(place)) << fields;
  }
}

TEST(TopicsFileTest, RefusesATopicThatIsDeclaredTwice) {
  const std::string fields = "    partitions: 1\n    cleanup: delete\n    keep: 1d\n";
  const std::string twice = absl::StrCat(WithTopic(fields),
                                         "  - {name: t, key: k, value: v, says: s, partitions: 1, "
                                         "cleanup: delete, keep: 1d, written_by: [a], read_by: "
                                         "[b]}\n");
  EXPECT_THAT(std::string(ParseTopics(twice, "small").status().message()),
              HasSubstr("declared twice"));
}

TEST(TopicsFileTest, AnUnknownClusterOrAMissingFileIsAnError) {
  EXPECT_THAT(std::string(LoadTopics("", "huge").status().message()), HasSubstr("huge"));
  EXPECT_FALSE(LoadTopics("/nonexistent/topics.yaml", "demo").ok());
}

}  // namespace
}  // namespace trama::platform
