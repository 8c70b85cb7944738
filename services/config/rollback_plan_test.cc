#include "services/config/rollback_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/test_resources.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using namespace testing;  // NOLINT: the builders of this service.
using Code = absl::StatusCode;

constexpr int32_t kNumbersKept = 4;

ConfigStore StoreOf(int64_t revision, const std::vector<v1::Resource>& resources) {
  ConfigStore store;
  for (v1::Resource resource : resources) {
    resource.mutable_metadata()->set_revision(revision);
    store.Put(std::move(resource));
  }
  store.set_revision(revision);
  return store;
}

v1::Resource WorkspaceAt(const std::string& name, int32_t partition) {
  v1::Resource workspace = Workspace(name);
  workspace.mutable_workspace()->set_partition(partition);
  return workspace;
}

std::vector<std::string> Did(const ChangePlan& plan) {
  std::vector<std::string> lines;
  for (const v1::Change& change : plan.changes) {
    lines.push_back(v1::Change::Action_Name(change.action()) + " " + change.name());
  }
  return lines;
}

class RollbackPlanTest : public ::testing::Test {
 protected:
  absl::StatusOr<ChangePlan> Plan(const ConfigStore& store, const ConfigStore& target) {
    request_.set_revision(target.revision());
    return PlanRollback(store, target, request_, act_, kNumbersKept);
  }
  static std::vector<std::string> Wrong(const absl::StatusOr<ChangePlan>& plan) {
    EXPECT_EQ(plan.status().code(), Code::kInvalidArgument) << plan.status();
    return Lines(FieldViolationsOf(plan.status()));
  }
  void ActIn(const std::string& workspace) {
    act_.caller = {.subject = "chief", .workspace = workspace, .roles = {"admin"}};
    request_.set_workspace(workspace);
  }

  v1::RollbackRequest request_;
  Act act_{.caller = {.subject = "root", .roles = {"admin"}}, .at = absl::FromUnixSeconds(1)};
};

TEST_F(RollbackPlanTest, RestoresWhatWasChangedMadeAndDeletedSince) {
  v1::Resource changed = Queue("demo", "changed");
  changed.mutable_queue()->set_order(9);
  const ConfigStore target = StoreOf(1, {WorkspaceAt("demo", 2), Queue("demo", "changed"),
                                         Queue("demo", "gone"), Queue("demo", "same")});
  const ConfigStore store =
      StoreOf(5, {WorkspaceAt("demo", 2), changed, Queue("demo", "made"), Queue("demo", "same")});

  const auto plan = Plan(store, target);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->revision, 6);
  EXPECT_EQ(plan->restored_revision, 1);
  EXPECT_THAT(Did(*plan),
              ElementsAre("ACTION_CHANGED changed", "ACTION_CREATED gone", "ACTION_DELETED made"));
  EXPECT_EQ(plan->written[0].queue().order(), 0);
  EXPECT_EQ(plan->written[0].metadata().revision(), 6);
  EXPECT_EQ(plan->written[0].metadata().author(), "root") << "whoever rolls back, not who wrote it";
}

TEST_F(RollbackPlanTest, NothingToDoIsNoRevision) {
  const ConfigStore store = StoreOf(4, {WorkspaceAt("demo", 0)});
  const auto plan = Plan(store, StoreOf(2, {WorkspaceAt("demo", 0)}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->empty());
  EXPECT_EQ(plan->revision, 4);
}

TEST_F(RollbackPlanTest, OneWorkspaceLeavesTheOthersAlone) {
  const ConfigStore target = StoreOf(1, {WorkspaceAt("demo", 0), WorkspaceAt("acme", 1)});
  const ConfigStore store = StoreOf(
      3, {WorkspaceAt("demo", 0), WorkspaceAt("acme", 1), Queue("demo", "q"), Queue("acme", "q")});
  ActIn("demo");
  const auto plan = Plan(store, target);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->deleted.size(), 1u);
  EXPECT_EQ(plan->deleted[0].workspace, "demo");
}

TEST_F(RollbackPlanTest, WorkspaceKeepsItsPartition) {
  const auto plan =
      Plan(StoreOf(3, {WorkspaceAt("demo", 1)}), StoreOf(1, {WorkspaceAt("demo", 2)}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->empty());

  const auto again = Plan(StoreOf(3, {}), StoreOf(1, {WorkspaceAt("demo", 2)}));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->written[0].workspace().partition(), 2) << "its records lie there";
  EXPECT_THAT(Wrong(Plan(StoreOf(3, {}), StoreOf(1, {WorkspaceAt("demo", kNumbersKept)}))),
              ElementsAre(HasSubstr("Workspace//demo.spec.partition: 4 must be below 4")));
}

TEST_F(RollbackPlanTest, AdminOfAWorkspaceNeitherMakesNorDeletesIt) {
  const ConfigStore with = StoreOf(1, {WorkspaceAt("demo", 0)});
  const ConfigStore without = StoreOf(1, {});
  ActIn("demo");
  EXPECT_EQ(Plan(with, without).status().code(), Code::kPermissionDenied);
  EXPECT_EQ(Plan(without, with).status().code(), Code::kPermissionDenied);
}

TEST_F(RollbackPlanTest, WhatWouldPointNowhereIsRefused) {
  v1::Resource lost = Queue("demo", "lost");
  lost.mutable_queue()->set_calendar("office");  // As by a release that did not check.
  const ConfigStore target = StoreOf(1, {WorkspaceAt("demo", 0), lost});
  EXPECT_THAT(Wrong(Plan(StoreOf(3, {WorkspaceAt("demo", 0)}), target)),
              ElementsAre(HasSubstr("Queue/demo/lost.spec.calendar: calendar \"office\"")));
}

TEST_F(RollbackPlanTest, AddressThatAnotherWorkspaceTookIsRefused) {
  const v1::Resource account = EmailAccount("demo", "mail", "help@firm.example");
  const ConfigStore target = StoreOf(1, {WorkspaceAt("demo", 0), WorkspaceAt("acme", 1), account});
  const ConfigStore store = StoreOf(3, {WorkspaceAt("demo", 0), WorkspaceAt("acme", 1),
                                        EmailAccount("acme", "mail", "help@firm.example")});
  request_.set_workspace("demo");
  EXPECT_THAT(Wrong(Plan(store, target)),
              ElementsAre(HasSubstr("ChannelAccount/demo/mail.spec.email.address: ")));
}

TEST_F(RollbackPlanTest, SecretsThatHaveGoneComeBackOnlyByAnAdminOfAll) {
  const v1::Resource account = EmailAccount("demo", "mail", "help@firm.example");
  const ConfigStore target = StoreOf(1, {WorkspaceAt("demo", 0), account});
  const ConfigStore store = StoreOf(3, {WorkspaceAt("demo", 0)});
  EXPECT_TRUE(Plan(store, target).ok());
  ActIn("demo");
  EXPECT_THAT(Wrong(Plan(store, target)), ElementsAre(HasSubstr("token_secret: is new to this")));
}

TEST_F(RollbackPlanTest, ExpectedRevisionIsThePresentOne) {
  request_.set_expected_revision(2);
  const absl::Status late = Plan(StoreOf(3, {}), StoreOf(1, {})).status();
  EXPECT_EQ(ErrorReason(late), "REVISION_CHANGED");
}

TEST_F(RollbackPlanTest, TooManyChangesAreRefused) {
  std::vector<v1::Resource> many = {WorkspaceAt("demo", 0)};
  for (size_t i = 0; i <= kRollbackChangesMax; ++i) {
    many.push_back(Skill("demo", "s" + std::to_string(i)));
  }
  EXPECT_THAT(Wrong(Plan(StoreOf(3, many), StoreOf(1, {WorkspaceAt("demo", 0)}))),
              ElementsAre(HasSubstr("revision: is 5001 changes away; at most 5000")));
}

}  // namespace
}  // namespace trama::config
