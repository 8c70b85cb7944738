#include "services/platform/config/config_fold.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/resources/resources.h"

namespace trama::platform {
namespace {

using config::v1::ConfigRecord;
using ::testing::ElementsAre;

Record Queue(int64_t revision, const std::string& name) {
  ConfigRecord record;
  record.set_revision(revision);
  record.mutable_resource()->set_kind("Queue");
  record.mutable_resource()->mutable_metadata()->set_workspace("demo");
  record.mutable_resource()->mutable_metadata()->set_name(name);
  return {.topic = "c", .key = ResourceKey(record.resource()), .value = record.SerializeAsString()};
}

Record Tombstone(const std::string& name) {
  return {.topic = "c", .key = ResourceKey("Queue", "demo", name), .value = std::nullopt};
}

Record Close(int64_t revision) {
  ConfigRecord record;
  record.set_revision(revision);
  record.mutable_closed();
  return {.topic = "c", .key = "revision", .value = record.SerializeAsString()};
}

// What the last record gave, after all were taken.
ConfigPtr TakeAll(ConfigFold& fold, const std::vector<Record>& records) {
  ConfigPtr last;
  for (const Record& record : records) last = fold.Take(record).value();
  return last;
}

std::vector<std::string> Names(const ConfigView& view) {
  std::vector<std::string> names;
  for (const auto& resource : view.snapshot()->resources()) {
    names.push_back(resource.metadata().name());
  }
  return names;
}

TEST(ConfigFoldTest, ShowsNothingBeforeTheRevisionIsClosed) {
  ConfigFold fold;
  EXPECT_EQ(TakeAll(fold, {Queue(1, "a"), Queue(1, "b")}), nullptr);
}

TEST(ConfigFoldTest, AClosedRevisionHoldsAllItsResources) {
  ConfigFold fold;
  const ConfigPtr view = TakeAll(fold, {Queue(1, "b"), Queue(1, "a"), Close(1)});
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->revision(), 1);
  EXPECT_THAT(Names(*view), ElementsAre("a", "b"));
}

TEST(ConfigFoldTest, ATombstoneDeletesWithTheRevisionThatClosesNext) {
  ConfigFold fold;
  const ConfigPtr first = TakeAll(fold, {Queue(1, "a"), Queue(1, "b"), Close(1)});
  const ConfigPtr second = TakeAll(fold, {Tombstone("a"), Queue(2, "c"), Close(2)});
  EXPECT_THAT(Names(*first), ElementsAre("a", "b"));
  EXPECT_THAT(Names(*second), ElementsAre("b", "c"));
}

TEST(ConfigFoldTest, ALaterRevisionKeepsWhatItDoesNotName) {
  ConfigFold fold;
  TakeAll(fold, {Queue(1, "a"), Close(1)});
  EXPECT_THAT(Names(*TakeAll(fold, {Queue(2, "b"), Close(2)})), ElementsAre("a", "b"));
}

TEST(ConfigFoldTest, WhatCompactionLeftOfOlderRevisionsCountsAtTheNextClose) {
  ConfigFold fold;
  const ConfigPtr view = TakeAll(fold, {Queue(3, "a"), Queue(5, "b"), Close(5)});
  EXPECT_EQ(view->revision(), 5);
  EXPECT_THAT(Names(*view), ElementsAre("a", "b"));
}

TEST(ConfigFoldTest, OrderIsByNameEvenWhereKeysSortOtherwise) {
  // In keys '-' sorts before '/', so that "a-b/x" comes before "a/x".
  ConfigFold fold;
  ConfigRecord one;
  one.mutable_resource()->set_kind("Queue");
  one.mutable_resource()->mutable_metadata()->set_workspace("a-b");
  one.mutable_resource()->mutable_metadata()->set_name("second");
  ConfigRecord two = one;
  two.mutable_resource()->mutable_metadata()->set_workspace("a");
  two.mutable_resource()->mutable_metadata()->set_name("first");
  const ConfigPtr view =
      TakeAll(fold, {{.key = ResourceKey(one.resource()), .value = one.SerializeAsString()},
                     {.key = ResourceKey(two.resource()), .value = two.SerializeAsString()},
                     Close(1)});
  EXPECT_THAT(Names(*view), ElementsAre("first", "second"));
}

TEST(ConfigFoldTest, ARecordThatCannotBeReadIsAnError) {
  ConfigFold fold;
  const auto taken = fold.Take({.topic = "c", .partition = 0, .offset = 9, .value = "\xff\xff"});
  EXPECT_EQ(taken.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(taken.status().message()), ::testing::HasSubstr("c/0/9"));
}

}  // namespace
}  // namespace trama::platform
