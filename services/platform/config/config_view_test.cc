#include "services/platform/config/config_view.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"

namespace trama::platform {
namespace {

using config::v1::Resource;
using config::v1::Snapshot;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Resource* Add(Snapshot& snapshot, const std::string& kind, const std::string& workspace,
              const std::string& name) {
  Resource* resource = snapshot.add_resources();
  resource->set_kind(kind);
  resource->mutable_metadata()->set_workspace(workspace);
  resource->mutable_metadata()->set_name(name);
  return resource;
}

ConfigView TwoWorkspaces() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->set_revision(7);
  Add(*snapshot, "ChannelAccount", "demo", "help")->mutable_channel_account()->set_channel("email");
  Add(*snapshot, "ChannelAccount", "demo", "texts")->mutable_channel_account()->set_channel("sms");
  Add(*snapshot, "ChannelAccount", "other", "mail")
      ->mutable_channel_account()
      ->set_channel("email");
  Add(*snapshot, "Queue", "demo", "billing")->mutable_queue()->set_priority(3);
  Add(*snapshot, "Workspace", "", "demo")->mutable_workspace()->set_partition(2);
  Add(*snapshot, "Workspace", "", "other")->mutable_workspace()->set_partition(0);
  return ConfigView(snapshot);
}

std::vector<std::string> Names(const std::vector<const Resource*>& resources) {
  std::vector<std::string> names;
  for (const Resource* resource : resources) {
    names.push_back(resource->metadata().workspace() + "/" + resource->metadata().name());
  }
  return names;
}

TEST(ConfigViewTest, FindsTheNumberOfAWorkspace) {
  EXPECT_EQ(*TwoWorkspaces().PartitionOf("demo"), 2);
}

TEST(ConfigViewTest, NumberZeroIsANumber) { EXPECT_EQ(*TwoWorkspaces().PartitionOf("other"), 0); }

TEST(ConfigViewTest, UnknownWorkspaceIsAnErrorOfTheFieldWorkspace) {
  const absl::StatusOr<int32_t> number = TwoWorkspaces().PartitionOf("demo2");
  ASSERT_EQ(number.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldViolationsOf(number.status()).at(0).field, "workspace");
}

TEST(ConfigViewTest, FindsAQueueOnlyInItsWorkspace) {
  const ConfigView view = TwoWorkspaces();
  ASSERT_NE(view.FindQueue("demo", "billing"), nullptr);
  EXPECT_EQ(view.FindQueue("demo", "billing")->priority(), 3);
  EXPECT_EQ(view.FindQueue("other", "billing"), nullptr);
}

TEST(ConfigViewTest, ListsTheAccountsOfAChannelOverAllWorkspaces) {
  const ConfigView view = TwoWorkspaces();
  EXPECT_THAT(Names(view.AccountsOf("email")), ElementsAre("demo/help", "other/mail"));
}

TEST(ConfigViewTest, ListsTheResourcesOfAKindInOneWorkspace) {
  const ConfigView view = TwoWorkspaces();
  EXPECT_THAT(Names(view.All("ChannelAccount", "demo")), ElementsAre("demo/help", "demo/texts"));
}

TEST(ConfigViewTest, ListsTheWorkspacesOfANumber) {
  const ConfigView view = TwoWorkspaces();
  EXPECT_THAT(view.WorkspacesOn(2), ElementsAre("demo"));
  EXPECT_THAT(view.WorkspacesOn(1), IsEmpty());
}

TEST(ConfigViewTest, NothingIsMissingBeforeAnythingWasRead) {
  EXPECT_TRUE(absl::IsUnavailable(ConfigView::NotReadYet()->PartitionOf("demo").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ConfigView().PartitionOf("demo").status()));
}

TEST(ConfigViewTest, TheEmptyViewIsRevisionZero) { EXPECT_EQ(ConfigView().revision(), 0); }

}  // namespace
}  // namespace trama::platform
