#include "services/config/change_plan.h"

#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/test_resources.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace testing;  // NOLINT: the builders of this service.

constexpr int32_t kNumbers = 4;

class ChangePlanTest : public ::testing::Test {
 protected:
  absl::StatusOr<ChangePlan> Plan(const v1::ApplyRequest& request) {
    return PlanApply(store_, request, act_, kNumbers);
  }
  absl::StatusOr<ChangePlan> Plan(const std::vector<v1::Resource>& resources) {
    return Plan(Request(resources));
  }
  absl::StatusOr<ChangePlan> PlanDeletion(const std::vector<std::string>& keys) {
    return PlanDelete(store_, DeleteOf(keys), act_);
  }

  // As an owner does it.
  void Carry(const absl::StatusOr<ChangePlan>& plan) {
    ASSERT_TRUE(plan.ok()) << plan.status();
    for (const v1::Resource& resource : plan->written) store_.Put(resource);
    for (const ResourceId& id : plan->deleted) store_.Erase(id);
    store_.set_revision(plan->revision);
  }

  std::vector<std::string> Wrong(const absl::StatusOr<ChangePlan>& plan) {
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument) << plan.status();
    return Lines(FieldViolationsOf(plan.status()));
  }

  int32_t NumberOf(const std::string& workspace) {
    return store_.Find({"Workspace", "", workspace})->workspace().partition();
  }

  ConfigStore store_;
  Act act_{.caller = {.subject = "root", .workspace = "", .roles = {"admin"}},
           .at = absl::FromUnixSeconds(1'800'000'000)};
};

MATCHER_P2(Did, action, name, "") { return arg.action() == action && arg.name() == name; }

TEST_F(ChangePlanTest, WholeWorkspaceInOneRevision) {
  const auto plan = Plan({Workspace("demo"), Skill("demo", "billing"), Queue("demo", "default")});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->revision, 1);
  EXPECT_THAT(plan->changes, ElementsAre(Did(v1::Change::ACTION_CREATED, "demo"),
                                         Did(v1::Change::ACTION_CREATED, "billing"),
                                         Did(v1::Change::ACTION_CREATED, "default")));
  for (const v1::Resource& resource : plan->written) {
    EXPECT_EQ(resource.metadata().revision(), 1);
    EXPECT_EQ(resource.metadata().author(), "root");
    EXPECT_EQ(resource.metadata().changed_at().seconds(), 1'800'000'000);
  }
}

TEST_F(ChangePlanTest, UnchangedResourcesAreNotWritten) {
  Carry(Plan({Workspace("demo"), Queue("demo", "a"), Queue("demo", "b")}));
  v1::Resource changed = Queue("demo", "b");
  changed.mutable_queue()->set_priority(3);

  const auto plan = Plan({Workspace("demo"), Queue("demo", "a"), changed});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->revision, 2);
  EXPECT_THAT(plan->changes, ElementsAre(Did(v1::Change::ACTION_UNCHANGED, "demo"),
                                         Did(v1::Change::ACTION_UNCHANGED, "a"),
                                         Did(v1::Change::ACTION_CHANGED, "b")));
  ASSERT_EQ(plan->written.size(), 1u);
  EXPECT_EQ(plan->written[0].metadata().name(), "b");
}

TEST_F(ChangePlanTest, NothingChangedKeepsTheRevision) {
  Carry(Plan({Workspace("demo")}));
  const auto plan = Plan({Workspace("demo")});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->empty());
  EXPECT_EQ(plan->revision, 1);
}

TEST_F(ChangePlanTest, WhatWasReadCanBeAppliedAgain) {
  Carry(Plan({Workspace("demo")}));
  const auto plan = Plan({*store_.Find({"Workspace", "", "demo"})});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->empty());
}

TEST_F(ChangePlanTest, ReferenceToNothingNamesTheFieldAndTheNearest) {
  v1::Resource queue = Queue("demo", "invoices");
  queue.mutable_queue()->add_required_skills()->set_skill("biling");
  EXPECT_THAT(Wrong(Plan({Workspace("demo"), Skill("demo", "billing"), queue})),
              ElementsAre("resources[2].spec.required_skills[0].skill: skill \"biling\" does not "
                          "exist in workspace demo; did you mean \"billing\"?"));
}

TEST_F(ChangePlanTest, EveryKindOfReferenceIsChecked) {
  v1::Resource queue = Queue("demo", "q");
  queue.mutable_queue()->mutable_when()->add_channel_accounts("nobody");
  queue.mutable_queue()->set_calendar("nocalendar");
  v1::Resource agent = Agent("demo", "ana");
  (*agent.mutable_agent()->mutable_skills())["noskill"] = 5;
  agent.mutable_agent()->add_queues("noqueue");
  v1::Resource policy = Resource(
      R"pb(kind: "SlaPolicy"
           metadata { name: "p" workspace: "demo" }
           sla_policy {
             first_response: "1h"
             calendar: "nocalendar"
             when { queues: "noqueue" }
           })pb");
  v1::Resource code = Resource(
      R"pb(kind: "WrapUpCode"
           metadata { name: "c" workspace: "demo" }
           wrap_up_code { queues: "noqueue" })pb");
  EXPECT_THAT(
      Wrong(Plan({Workspace("demo"), queue, agent, policy, code})),
      ElementsAre(
          "resources[1].spec.when.channel_accounts[0]: channel account \"nobody\" does not exist "
          "in workspace demo",
          "resources[1].spec.calendar: calendar \"nocalendar\" does not exist in workspace demo",
          "resources[2].spec.skills[noskill]: skill \"noskill\" does not exist in workspace demo",
          "resources[2].spec.queues[0]: queue \"noqueue\" does not exist in workspace demo",
          "resources[3].spec.when.queues[0]: queue \"noqueue\" does not exist in workspace demo",
          "resources[3].spec.calendar: calendar \"nocalendar\" does not exist in workspace demo",
          "resources[4].spec.queues[0]: queue \"noqueue\" does not exist in workspace demo"));
}

TEST_F(ChangePlanTest, ReferencesDoNotCrossWorkspaces) {
  v1::Resource agent = Agent("acme", "ana");
  agent.mutable_agent()->add_queues("billing");
  EXPECT_THAT(Wrong(Plan({Workspace("demo"), Workspace("acme"), Queue("demo", "billing"), agent})),
              ElementsAre(HasSubstr("queue \"billing\" does not exist in workspace acme")));
}

TEST_F(ChangePlanTest, WorkspaceMustExist) {
  EXPECT_THAT(Wrong(Plan({Queue("demo", "billing")})),
              ElementsAre("resources[0].metadata.workspace: workspace \"demo\" does not exist"));
}

TEST_F(ChangePlanTest, AllMistakesComeAtOnce) {
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->set_offer_timeout("soon");
  queue.mutable_queue()->set_calendar("office");
  EXPECT_THAT(Wrong(Plan({Workspace("demo"), queue, Queue("demo", "UPPER")})),
              ElementsAre(HasSubstr("resources[1].spec.offer_timeout"),
                          HasSubstr("resources[2].metadata.name"),
                          HasSubstr("resources[1].spec.calendar")));
}

TEST_F(ChangePlanTest, VeryManyMistakesAreCounted) {
  std::vector<v1::Resource> resources = {Workspace("demo")};
  for (int i = 0; i < 200; ++i) resources.push_back(Queue("demo", "NO" + std::to_string(i)));
  const std::vector<std::string> wrong = Wrong(Plan(resources));
  EXPECT_LT(wrong.size(), 60u);
  EXPECT_THAT(wrong.back(), HasSubstr("more mistakes"));
}

TEST_F(ChangePlanTest, ResourceNamedTwiceInOneRequestIsRefused) {
  EXPECT_THAT(Wrong(Plan({Workspace("demo"), Queue("demo", "q"), Queue("demo", "q")})),
              ElementsAre("resources[2]: names queue q a second time"));
}

TEST_F(ChangePlanTest, EmptyRequestIsRefused) {
  EXPECT_THAT(Wrong(Plan(std::vector<v1::Resource>{})), ElementsAre(HasSubstr("is empty")));
}

TEST_F(ChangePlanTest, WorkspaceGetsTheNumberThatTheFewestHave) {
  for (const char* name : {"a", "b", "c", "d", "e"}) Carry(Plan({Workspace(name)}));
  EXPECT_EQ(NumberOf("a"), 0);
  EXPECT_EQ(NumberOf("b"), 1);
  EXPECT_EQ(NumberOf("c"), 2);
  EXPECT_EQ(NumberOf("d"), 3);
  EXPECT_EQ(NumberOf("e"), 0);

  Carry(PlanDeletion({"Workspace//c"}));
  Carry(Plan({Workspace("f")}));
  EXPECT_EQ(NumberOf("f"), 2);
}

TEST_F(ChangePlanTest, SeveralNewWorkspacesGetDifferentNumbers) {
  Carry(Plan({Workspace("a"), Workspace("b")}));
  EXPECT_NE(NumberOf("a"), NumberOf("b"));
}

TEST_F(ChangePlanTest, NumberOfAWorkspaceNeverChanges) {
  Carry(Plan({Workspace("a"), Workspace("b")}));
  v1::Resource moved = Workspace("b");
  moved.mutable_workspace()->set_partition(3);
  EXPECT_THAT(Wrong(Plan({moved})), ElementsAre(HasSubstr("resources[0].spec.partition: 3 must "
                                                          "stay 1")));
  v1::Resource renamed = Workspace("b");
  renamed.mutable_workspace()->set_display_name("B");
  Carry(Plan({renamed}));
  EXPECT_EQ(NumberOf("b"), 1);
}

TEST_F(ChangePlanTest, NumberOfANewWorkspaceIsNotTheCallersToChoose) {
  v1::Resource workspace = Workspace("a");
  workspace.mutable_workspace()->set_partition(2);
  EXPECT_THAT(Wrong(Plan({workspace})), ElementsAre(HasSubstr("is chosen by the service")));
}

TEST_F(ChangePlanTest, AddressBelongsToOneAccountOfAllWorkspaces) {
  Carry(Plan({Workspace("demo"), Workspace("acme"), EmailAccount("demo", "support", "a@x.test"),
              SmsAccount("demo", "texts", "+14155550123"),
              WhatsAppAccount("demo", "chat", "900001")}));
  EXPECT_THAT(Wrong(Plan({EmailAccount("acme", "inbox", "A@X.TEST"),
                          SmsAccount("acme", "texts", "+14155550123"),
                          WhatsAppAccount("acme", "chat", "900001")})),
              ElementsAre(HasSubstr("resources[0].spec.email.address: \"A@X.TEST\" belongs to "
                                    "channel account support of workspace demo"),
                          HasSubstr("resources[1].spec.sms.numbers[0]: \"+14155550123\" belongs"),
                          HasSubstr("resources[2].spec.whatsapp.phone_number_id: \"900001\" "
                                    "belongs")));
}

TEST_F(ChangePlanTest, AddressOfAnotherTenantIsRefusedWithoutNamingIt) {
  Carry(Plan({Workspace("demo"), Workspace("acme"), EmailAccount("demo", "support", "a@x.test"),
              EmailAccount("acme", "other", "b@x.test")}));
  act_.caller.workspace = "acme";
  EXPECT_THAT(
      Wrong(Plan({EmailAccount("acme", "inbox", "a@x.test")})),
      ElementsAre(::testing::AllOf(HasSubstr("another workspace"), Not(HasSubstr("demo")))));
}

TEST_F(ChangePlanTest, AddressMayMoveBetweenAccountsInOneCall) {
  Carry(Plan({Workspace("demo"), EmailAccount("demo", "one", "a@x.test"),
              EmailAccount("demo", "two", "b@x.test")}));
  const auto plan =
      Plan({EmailAccount("demo", "one", "b@x.test"), EmailAccount("demo", "two", "a@x.test")});
  EXPECT_TRUE(plan.ok()) << plan.status();
}

TEST_F(ChangePlanTest, AddressTwiceInOneAccountIsRefused) {
  v1::Resource account = EmailAccount("demo", "one", "a@x.test");
  account.mutable_channel_account()->mutable_email()->add_aliases("A@x.test");
  EXPECT_THAT(Wrong(Plan({Workspace("demo"), account})),
              ElementsAre("resources[1].spec.email.aliases[0]: \"A@x.test\" is there twice"));
}

TEST_F(ChangePlanTest, ExpectedRevisionMustBeThePresentOne) {
  Carry(Plan({Workspace("demo")}));
  v1::ApplyRequest request = Request({Queue("demo", "q")});
  request.set_expected_revision(7);
  EXPECT_EQ(Plan(request).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ErrorReason(Plan(request).status()), "REVISION_CHANGED");
  EXPECT_EQ(ErrorMetadataOf(Plan(request).status())["revision"], "1");
  request.set_expected_revision(1);
  EXPECT_TRUE(Plan(request).ok());
}

TEST_F(ChangePlanTest, TenantChangesOnlyItsOwnWorkspace) {
  Carry(Plan({Workspace("demo"), Workspace("acme")}));
  act_.caller.workspace = "acme";
  EXPECT_TRUE(Plan({Queue("acme", "q")}).ok());
  EXPECT_TRUE(Plan({Workspace("acme")}).ok());
  EXPECT_EQ(Plan({Queue("demo", "q")}).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(PlanDeletion({"Workspace//acme"}).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ChangePlanTest, TenantCannotIntroduceASecretThatMayBeAnothers) {
  v1::Resource account = EmailAccount("acme", "inbox", "a@x.test");
  v1::EmailAccount& email = *account.mutable_channel_account()->mutable_email();
  Carry(Plan({Workspace("acme"), account}));
  act_.caller.workspace = "acme";
  email.set_smtp_user("me");
  email.set_smtp_password("file:/run/secrets/of-demo");
  EXPECT_THAT(Wrong(Plan({account})),
              ElementsAre(HasSubstr("resources[0].spec.email.smtp_password: is new to this")));
  email.set_smtp_password(email.token_secret());
  EXPECT_TRUE(Plan({account}).ok()) << "one that the workspace has";
  act_.caller.workspace = "";
  email.set_smtp_password("file:/run/secrets/of-acme");
  EXPECT_TRUE(Plan({account}).ok());
}

TEST_F(ChangePlanTest, TenantCannotCreateAWorkspace) {
  act_.caller.workspace = "acme";
  EXPECT_EQ(Plan({Workspace("acme")}).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ChangePlanTest, DeletionIsRefusedWhileReferredTo) {
  v1::Resource queue = Queue("demo", "q");
  queue.mutable_queue()->set_calendar("office");
  Carry(Plan({Workspace("demo"), Calendar("demo", "office"), queue}));

  const absl::Status refused = PlanDeletion({"Calendar/demo/office"}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "STILL_REFERRED_TO");
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("calendar office is still used by queue q (spec.calendar)"));
}

TEST_F(ChangePlanTest, DeletionTogetherWithTheReferrerIsFine) {
  v1::Resource queue = Queue("demo", "q");
  queue.mutable_queue()->set_calendar("office");
  Carry(Plan({Workspace("demo"), Calendar("demo", "office"), queue}));
  Carry(PlanDeletion({"Calendar/demo/office", "Queue/demo/q"}));
  EXPECT_EQ(store_.resources().size(), 1u);
  EXPECT_EQ(store_.revision(), 2);
}

TEST_F(ChangePlanTest, WorkspaceIsNotDeletedWhileItHoldsResources) {
  Carry(Plan({Workspace("demo"), Queue("demo", "q")}));
  const absl::Status refused = PlanDeletion({"Workspace//demo"}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("workspace demo still holds queue q"));
}

TEST_F(ChangePlanTest, DeletionOfWhatDoesNotExistIsNotFound) {
  Carry(Plan({Workspace("demo")}));
  EXPECT_EQ(PlanDeletion({"Queue/demo/q"}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ChangePlanTest, DeletionIsAllOrNone) {
  Carry(Plan({Workspace("demo"), Queue("demo", "q")}));
  EXPECT_FALSE(PlanDeletion({"Queue/demo/q", "Queue/demo/other"}).ok());
}

}  // namespace
}  // namespace trama::config
