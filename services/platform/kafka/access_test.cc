#include "services/platform/kafka/access.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/access_admin.h"

namespace trama::platform {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What the built-in file allows, as texts.
std::vector<std::string> BuiltIn() {
  const absl::StatusOr<TopicsFile> file = LoadTopics("", "demo");
  EXPECT_TRUE(file.ok()) << file.status();
  const auto rules = AccessOf(*file);
  EXPECT_TRUE(rules.ok()) << rules.status();
  std::vector<std::string> texts;
  for (const AccessRule& rule : *rules) texts.push_back(ToText(rule));
  return texts;
}

TopicsFile SmallFile(std::vector<std::string> written_by, std::vector<std::string> read_by) {
  TopicsFile file;
  file.services = {{.name = "sms", .channel = true, .transactional_ids = "trama-sms-"},
                   {.name = "profile", .groups = {"trama-profile"}}};
  file.topics = {{.name = "t", .written_by = std::move(written_by), .read_by = std::move(read_by)}};
  return file;
}

TEST(AccessTest, TopicsOfAServiceAreThoseThatItWritesReadsOrSees) {
  TopicsFile file = SmallFile({"channels"}, {"profile"});
  file.topics.push_back({.name = "u", .written_by = {"profile"}});
  file.topics.push_back({.name = "v"});
  EXPECT_THAT(TopicsOf(file, "sms"), ElementsAre("t"));
  EXPECT_THAT(TopicsOf(file, "profile"), ElementsAre("t", "u"));
  file.services[0].sees = {"v"};
  EXPECT_THAT(TopicsOf(file, "sms"), ElementsAre("t", "v"));
  EXPECT_THAT(TopicsOf(file, "nobody"), IsEmpty());
}

// A cluster whose broker hears of a change only when it was asked for the rules so many times.
class LateBroker : public AccessAdmin {
 public:
  explicit LateBroker(int late) : late_(late) {}

  absl::StatusOr<std::vector<AccessRule>> Describe(absl::Duration) override {
    return ++asked < late_ ? std::vector<AccessRule>() : made_;
  }
  absl::Status Add(const std::vector<AccessRule>& rules, absl::Duration) override {
    made_.insert(made_.end(), rules.begin(), rules.end());
    return absl::OkStatus();
  }
  absl::Status Remove(const std::vector<AccessRule>&, absl::Duration) override {
    return absl::OkStatus();
  }

  int asked = 0;

 private:
  const int late_;
  std::vector<AccessRule> made_;
};

TEST(AccessTest, FollowsFromWhoWritesAndReadsATopic) {
  const auto rules = AccessOf(SmallFile({"channels"}, {"profile"}));
  ASSERT_TRUE(rules.ok()) << rules.status();
  std::vector<std::string> texts;
  for (const AccessRule& rule : *rules) texts.push_back(ToText(rule));
  EXPECT_THAT(
      texts,
      ElementsAre("trama-profile may Read topic t", "trama-profile may DescribeConfigs topic t",
                  "trama-profile may Describe group profile",
                  "trama-profile may Read group trama-profile", "trama-sms may Write topic t",
                  "trama-sms may DescribeConfigs topic t", "trama-sms may Describe group sms",
                  "trama-sms may Write transactional-id trama-sms-*"));
}

TEST(AccessTest, GivesAChannelWhatItDeliversAndNotWhatOthersDecide) {
  const std::vector<std::string> rules = BuiltIn();
  EXPECT_THAT(rules, Contains("trama-sms may Write topic trama.interactions.v1"));
  EXPECT_THAT(rules, Contains("trama-sms may Read topic trama.outbound.sms.v1"));
  EXPECT_THAT(rules, Contains("trama-sms may Read group trama-sms-delivery"));
  EXPECT_THAT(rules, Not(Contains(HasSubstr("trama-sms may Write topic trama.conversations"))));
  EXPECT_THAT(rules, Not(Contains("trama-sms may Read topic trama.outbound.email.v1")));
  EXPECT_THAT(rules, Not(Contains(HasSubstr("trama-sms may Read topic trama.profiles"))));
  EXPECT_THAT(rules, Not(Contains("trama-email may Read group trama-sms-delivery")));
  EXPECT_THAT(rules, Contains("trama-config may Describe topic trama.work.v1"));
  EXPECT_THAT(rules, Not(Contains("trama-config may Read topic trama.work.v1")));
}

TEST(AccessTest, GivesNobodyWhatHeDoesNotUse) {
  const std::vector<std::string> rules = BuiltIn();
  EXPECT_THAT(rules, Not(Contains(AllOf(HasSubstr("trama-config may"), HasSubstr(kOwners)))));
  EXPECT_THAT(rules, Not(Contains(AllOf(HasSubstr("trama-config may"), HasSubstr(kDeadLetters)))));
  EXPECT_THAT(rules, Contains("trama-reporting may Write topic trama.reports.v1"));
  EXPECT_THAT(rules, Not(Contains("trama-reporting may Read topic trama.reports.v1")));
}

TEST(AccessTest, LetsOnlyTheToolOfPersonsSeeEveryTopic) {
  for (const std::string& rule : BuiltIn()) {
    if (!rule.ends_with(" topic *")) continue;
    EXPECT_THAT(rule, HasSubstr("trama-tramactl may "));
  }
  EXPECT_THAT(BuiltIn(), Contains("trama-tramactl may Read topic *"));
}

TEST(AccessTest, RefusesAFileThatNamesAServiceNobodyLogsInAs) {
  const auto rules = AccessOf(SmallFile({"channels"}, {"profil"}));
  EXPECT_EQ(rules.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(rules.status().message()), HasSubstr("topic t: \"profil\" is not one"));
}

TEST(AccessTest, ComparesOnlyTheRulesOfOurUsers) {
  const AccessRule read = {.user = "trama-sms", .name = "a"};
  const AccessRule write = {.user = "trama-sms", .name = "a", .operation = AccessOperation::kWrite};
  const AccessRule all = {.user = "trama-sms", .name = "a", .operation = AccessOperation::kAll};
  const AccessRule others = {.user = "billing", .name = "a", .operation = AccessOperation::kAll};
  const AccessChange change = CompareAccess({read, write}, {others, all, read});
  EXPECT_THAT(change.add, ElementsAre(write));
  EXPECT_THAT(change.remove, ElementsAre(all));
  EXPECT_THAT(CompareAccess({read}, {read, others}).remove, IsEmpty());
}

TEST(AccessTest, AChangeIsDoneWhenTheBrokerGoesByIt) {
  const AccessRule read = {.user = "trama-sms", .name = "a"};
  LateBroker broker(/*late=*/3);
  EXPECT_EQ(ChangeAccess(broker, {read}, {.add = {read}, .remove = {}}, absl::Minutes(1)),
            absl::OkStatus());
  EXPECT_EQ(broker.asked, 3);
}

TEST(AccessTest, AChangeOfWhichTheBrokerDoesNotHearInTimeSaysSo) {
  const AccessRule read = {.user = "trama-sms", .name = "a"};
  LateBroker broker(/*late=*/1 << 20);
  const absl::Status changed =
      ChangeAccess(broker, {read}, {.add = {read}, .remove = {}}, absl::Milliseconds(1));
  EXPECT_EQ(changed.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(changed.message()), HasSubstr("are made"));
}

}  // namespace
}  // namespace trama::platform
