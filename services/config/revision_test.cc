#include "services/config/revision.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/test_resources.h"

namespace trama::config {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using namespace testing;  // NOLINT: the builders of this service.

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

Revision MakeRevision(int64_t number, const std::vector<v1::Resource>& written,
                      const std::vector<ResourceId>& deleted = {}) {
  Revision revision;
  revision.plan.revision = number;
  revision.plan.written = written;
  revision.plan.deleted = deleted;
  revision.author = "root";
  revision.at = kNow;
  revision.command = "c" + std::to_string(number);
  return revision;
}

void TakeAll(const std::vector<RevisionRecord>& records, RevisionReader& reader) {
  for (const RevisionRecord& record : records) {
    ASSERT_TRUE(reader.Take(record.key, record.value).ok());
  }
}

TEST(RevisionTest, KeysAreKindWorkspaceAndNameAndTheClosingOneComesLast) {
  const Revision revision =
      MakeRevision(3, {Workspace("demo"), Queue("demo", "q")}, {{"Skill", "demo", "s"}});
  EXPECT_THAT(ConfigRecords(revision), ElementsAre(Field(&RevisionRecord::key, "Workspace//demo"),
                                                   Field(&RevisionRecord::key, "Queue/demo/q"),
                                                   Field(&RevisionRecord::key, "Skill/demo/s"),
                                                   Field(&RevisionRecord::key, "revision")));
  EXPECT_FALSE(ConfigRecords(revision)[2].value.has_value());
  EXPECT_TRUE(HistoryRecords(revision)[2].value.has_value());
}

TEST(RevisionTest, IdsOfRecordsAreTheCommandsAndDiffer) {
  const Revision revision = MakeRevision(3, {Workspace("demo"), Queue("demo", "q")});
  const auto records = ConfigRecords(revision);
  EXPECT_EQ(records[0].id, ConfigRecords(revision)[0].id);
  EXPECT_NE(records[0].id, records[1].id);
}

TEST(RevisionReaderTest, ShowsARevisionOnlyWhenItIsClosed) {
  RevisionReader reader;
  std::vector<RevisionRecord> records = ConfigRecords(MakeRevision(1, {Workspace("demo")}));
  const RevisionRecord closing = records.back();
  records.pop_back();
  TakeAll(records, reader);
  EXPECT_EQ(reader.current()->revision(), 0);
  EXPECT_TRUE(reader.current()->resources().empty());

  TakeAll({closing}, reader);
  EXPECT_EQ(reader.current()->revision(), 1);
  EXPECT_TRUE(reader.current()->Has({"Workspace", "", "demo"}));
}

TEST(RevisionReaderTest, TombstoneErases) {
  RevisionReader reader;
  TakeAll(ConfigRecords(MakeRevision(1, {Workspace("demo"), Queue("demo", "q")})), reader);
  const auto first = reader.current();
  TakeAll(ConfigRecords(MakeRevision(2, {}, {{"Queue", "demo", "q"}})), reader);
  EXPECT_FALSE(reader.current()->Has({"Queue", "demo", "q"}));
  EXPECT_TRUE(first->Has({"Queue", "demo", "q"})) << "a revision that was handed out stands still";
}

TEST(RevisionReaderTest, ReadsACompactedTopic) {
  RevisionReader reader;
  std::vector<RevisionRecord> first = ConfigRecords(MakeRevision(1, {Workspace("demo")}));
  first.pop_back();  // Compacted away: a later record has its key.
  TakeAll(first, reader);
  TakeAll(ConfigRecords(MakeRevision(2, {Queue("demo", "q")})), reader);
  EXPECT_EQ(reader.current()->revision(), 2);
  EXPECT_EQ(reader.current()->resources().size(), 2u);
}

TEST(RevisionReaderTest, RecordThatCannotBeReadIsAnError) {
  RevisionReader reader;
  EXPECT_EQ(reader.Take("Queue/demo/q", "\xff\xff").code(), absl::StatusCode::kDataLoss);
}

TEST(CommandAnswersTest, FindsTheFirstAnswerInTheHistory) {
  Revision revision = MakeRevision(5, {Queue("demo", "q")});
  v1::Change change;
  change.set_name("q");
  revision.plan.changes = {change};

  CommandAnswers answers;
  for (const RevisionRecord& record : HistoryRecords(revision)) {
    ASSERT_TRUE(answers.Take(record.key, *record.value).ok());
  }
  const CommandAnswer* answer = answers.Find("c5");
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->revision, 5);
  ASSERT_EQ(answer->changes.size(), 1u);
  EXPECT_EQ(answer->changes[0].name(), "q");
}

TEST(CommandAnswersTest, ForgetsAfterADay) {
  CommandAnswers answers;
  answers.Remember("old", kNow, {});
  answers.Remember("young", kNow + absl::Hours(2), {});
  answers.Expire(kNow + absl::Hours(25));
  EXPECT_EQ(answers.Find("old"), nullptr);
  EXPECT_NE(answers.Find("young"), nullptr);
}

TEST(CommandAnswersTest, KeepsABoundedNumber) {
  CommandAnswers answers;
  for (size_t i = 0; i < kCommandsMax + 5; ++i) {
    answers.Remember("c" + std::to_string(i), kNow + absl::Milliseconds(i), {});
  }
  answers.Expire(kNow);
  EXPECT_EQ(answers.size(), kCommandsMax);
  EXPECT_EQ(answers.Find("c0"), nullptr);
}

TEST(CommandKeyTest, CommandsOfDifferentCallersDiffer) {
  const Caller ana{.subject = "ana", .workspace = "demo"};
  const Caller other{.subject = "ana", .workspace = "acme"};
  EXPECT_NE(CommandKey(ana, "Apply", "1"), CommandKey(other, "Apply", "1"));
  EXPECT_NE(CommandKey(ana, "Apply", "1"), CommandKey(ana, "Delete", "1"));
  EXPECT_EQ(CommandKey(ana, "Apply", "1"), CommandKey(ana, "Apply", "1"));
}

}  // namespace
}  // namespace trama::config
