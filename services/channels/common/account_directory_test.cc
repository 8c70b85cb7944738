#include "services/channels/common/account_directory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/ids.h"
#include "services/platform/config/fixed_config.h"

namespace trama::channels {
namespace {

class AccountDirectoryTest : public ::testing::Test {
 protected:
  AccountDirectoryTest() { Show(1, "15550000001"); }

  // A revision in which account "main" of workspace "demo" has this number.
  void Show(int64_t revision, const std::string& number) {
    auto snapshot = std::make_shared<config::v1::Snapshot>();
    snapshot->set_revision(revision);
    config::v1::Resource& workspace = *snapshot->add_resources();
    workspace.set_kind("Workspace");
    workspace.mutable_metadata()->set_name("demo");
    workspace.mutable_workspace()->set_partition(3);
    workspace.mutable_workspace()->set_identity_secret("file:/identity");
    config::v1::Resource& account = *snapshot->add_resources();
    account.set_kind("ChannelAccount");
    account.mutable_metadata()->set_workspace("demo");
    account.mutable_metadata()->set_name("main");
    account.mutable_channel_account()->set_channel("sms");
    account.mutable_channel_account()->mutable_sms()->add_numbers(number);
    config_.Set(std::make_shared<platform::ConfigView>(snapshot));
  }

  platform::FixedConfig config_;
  platform::FakeClock clock_;
  int reads_ = 0;
  absl::StatusOr<std::string> secret_ = "secret";
  AccountDirectory accounts_{"sms", config_, clock_, [this](std::string_view) {
                               ++reads_;
                               return secret_;
                             }};
};

TEST_F(AccountDirectoryTest, WhatIsSharedIsWhatIsFound) {
  const auto shared = accounts_.Share("demo", "main");
  const auto found = accounts_.Find("demo", "main");
  ASSERT_TRUE(shared != nullptr && found.has_value());
  EXPECT_EQ(shared->spec.SerializeAsString(), found->spec.SerializeAsString());
  EXPECT_EQ(shared->partition, 3);
  EXPECT_EQ(accounts_.Share("demo", "main"), shared);
}

TEST_F(AccountDirectoryTest, ANewRevisionIsSeenAtOnceAndTheOldOneIsKeptByItsUsers) {
  const auto before = accounts_.Share("demo", "main");
  Show(2, "15550000002");
  const auto after = accounts_.Share("demo", "main");
  ASSERT_TRUE(before != nullptr && after != nullptr);
  EXPECT_EQ(before->spec.sms().numbers(0), "15550000001");
  EXPECT_EQ(after->spec.sms().numbers(0), "15550000002");
}

TEST_F(AccountDirectoryTest, WhatIsNotThereOrOfAnotherChannelIsNotShared) {
  EXPECT_EQ(accounts_.Share("demo", "other"), nullptr);
  EXPECT_EQ(accounts_.Share("elsewhere", "main"), nullptr);
  const AccountDirectory other("open", config_, clock_, nullptr);
  EXPECT_EQ(other.Share("demo", "main"), nullptr);
}

TEST_F(AccountDirectoryTest, DeliveryIsToldNothingBeforeTheFirstRevision) {
  EXPECT_THAT(accounts_.ForDelivery(),
              ::testing::Optional(::testing::ElementsAre(::testing::Key("demo/main"))));
  config_.Set(std::make_shared<platform::ConfigView>());
  EXPECT_FALSE(accounts_.is_known());
  EXPECT_EQ(accounts_.ForDelivery(), std::nullopt);
}

TEST_F(AccountDirectoryTest, ASecretIsReadAnewAfterAWhile) {
  EXPECT_EQ(*accounts_.Secret("file:/x"), "secret");
  EXPECT_EQ(*accounts_.Secret("file:/x"), "secret");
  EXPECT_EQ(reads_, 1);
  clock_.Advance(AccountDirectory::kSecretKept);
  EXPECT_EQ(*accounts_.Secret("file:/x"), "secret");
  EXPECT_EQ(reads_, 2);
}

TEST_F(AccountDirectoryTest, ASecretThatCouldNotBeReadIsReadAnewSoon) {
  secret_ = absl::NotFoundError("no such file");
  EXPECT_FALSE(accounts_.Secret("file:/x").ok());
  EXPECT_FALSE(accounts_.Secret("file:/x").ok());
  EXPECT_EQ(reads_, 1);
  secret_ = "secret";
  clock_.Advance(AccountDirectory::kMissingKept);
  EXPECT_EQ(*accounts_.Secret("file:/x"), "secret");
}

TEST_F(AccountDirectoryTest, AnIdentitySecretThatWasThereIsLookedAtAgainSoon) {
  EXPECT_EQ(accounts_.CheckIdentity("demo").code(), absl::StatusCode::kFailedPrecondition);
  secret_ = std::string(kIdSecretMinBytes, 's');
  clock_.Advance(AccountDirectory::kSecretKept);
  EXPECT_TRUE(accounts_.CheckIdentity("demo").ok());
  EXPECT_TRUE(accounts_.CheckIdentity("demo").ok());
  EXPECT_FALSE(accounts_.CheckIdentity("elsewhere").ok());

  secret_ = "short";
  clock_.Advance(AccountDirectory::kSecretKept);
  EXPECT_FALSE(accounts_.CheckIdentity("demo").ok());
}

}  // namespace
}  // namespace trama::channels
