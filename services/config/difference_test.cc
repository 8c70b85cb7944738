#include "services/config/difference.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/test_resources.h"

namespace trama::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the builders of this service.

std::vector<std::string> Texts(const v1::ResourceDifference& difference) {
  std::vector<std::string> texts;
  for (const v1::FieldDifference& field : difference.fields()) {
    texts.push_back(absl::StrCat(field.field(), ": ", field.before(), " -> ", field.after()));
  }
  return texts;
}

std::vector<std::string> Between(const v1::Resource& before, const v1::Resource& after) {
  return Texts(DifferenceOf(&before, &after));
}

TEST(DifferenceTest, NamesFieldsAsViolationsDo) {
  v1::Resource before = Queue("demo", "q");
  before.mutable_queue()->set_order(1);
  before.mutable_queue()->add_required_skills()->set_skill("billing");
  v1::Resource after = before;
  after.mutable_queue()->set_order(2);
  after.mutable_queue()->mutable_required_skills(0)->set_skill("cards");
  after.mutable_queue()->mutable_wrap_up()->set_mode(v1::WrapUp::MANDATORY);
  EXPECT_THAT(Between(before, after),
              ::testing::UnorderedElementsAre("spec.order: 1 -> 2",
                                              "spec.required_skills[0].skill: billing -> cards",
                                              "spec.wrap_up:  -> {\"mode\":\"MANDATORY\"}"));
}

TEST(DifferenceTest, EntriesOfAMapAreNamedByTheirKey) {
  v1::Resource before = Agent("demo", "ana");
  (*before.mutable_agent()->mutable_skills())["billing"] = 5;
  v1::Resource after = before;
  (*after.mutable_agent()->mutable_skills())["billing"] = 7;
  (*after.mutable_metadata()->mutable_labels())["team"] = "north";
  EXPECT_THAT(Between(before, after),
              ElementsAre("metadata.labels[team]:  -> north", "spec.skills[billing]: 5 -> 7"));
}

TEST(DifferenceTest, WhatTheServiceSetsIsNoDifference) {
  v1::Resource before = Queue("demo", "q");
  before.mutable_metadata()->set_revision(3);
  before.mutable_metadata()->set_author("root");
  EXPECT_THAT(Between(before, Queue("demo", "q")), IsEmpty());
}

TEST(DifferenceTest, CreatedAndDeletedShowTheWholeSpec) {
  v1::Resource queue = Queue("demo", "q");
  queue.mutable_queue()->set_priority(2);
  EXPECT_THAT(Texts(DifferenceOf(nullptr, &queue)), ElementsAre("spec:  -> {\"priority\":2}"));
  EXPECT_THAT(Texts(DifferenceOf(&queue, nullptr)), ElementsAre("spec: {\"priority\":2} -> "));
}

TEST(DifferenceTest, LongAnswersAreCut) {
  v1::Resource many = Agent("demo", "ana");
  v1::Resource none = many;
  none.mutable_agent()->add_queues("q");
  for (int i = 0; i < 150; ++i) many.mutable_agent()->add_queues(absl::StrCat("x", i));
  const v1::ResourceDifference cut = DifferenceOf(&none, &many);
  EXPECT_THAT(cut.fields(), SizeIs(kDifferencesPerResourceMax));
  EXPECT_TRUE(cut.truncated());

  v1::Resource wordy = Queue("demo", "q");
  wordy.mutable_queue()->set_display_name(std::string(4000, 'x'));
  const v1::Resource terse = Queue("demo", "q");
  EXPECT_LT(DifferenceOf(&terse, &wordy).fields(0).after().size(), 600u);
}

TEST(DifferenceTest, EveryChangeOfAPlanIsNamed) {
  ConfigStore store;
  store.Put(Queue("demo", "old"));
  ChangePlan plan;
  plan.written = {Queue("demo", "new")};
  plan.deleted = {{"Queue", "demo", "old"}};
  const auto differences = DifferencesOf(store, plan);
  ASSERT_THAT(differences, SizeIs(2));
  EXPECT_EQ(differences[0].resource().name(), "new");
  EXPECT_EQ(differences[1].resource().name(), "old");
}

}  // namespace
}  // namespace trama::config
