#include "services/platform/config/identity_secrets.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/config/fixed_config.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;

class IdentitySecretsTest : public ::testing::Test {
 protected:
  IdentitySecretsTest() {
    auto snapshot = std::make_shared<config::v1::Snapshot>();
    snapshot->set_revision(1);
    config::v1::Resource& workspace = *snapshot->add_resources();
    workspace.set_kind("Workspace");
    workspace.mutable_metadata()->set_name("demo");
    workspace.mutable_workspace()->set_identity_secret("file:/secret");
    config_.Set(std::make_shared<ConfigView>(snapshot));
  }

  FixedConfig config_;
  FakeClock clock_;
  absl::StatusOr<std::string> kept_ = std::string("0123456789abcdef");
  int reads_ = 0;
  IdentitySecrets secrets_{config_, clock_, [this](std::string_view) {
                             ++reads_;
                             return kept_;
                           }};
};

TEST_F(IdentitySecretsTest, ASecretIsReadAnewAfterAWhile) {
  EXPECT_EQ(*secrets_.Of("demo"), "0123456789abcdef");
  EXPECT_EQ(*secrets_.Of("demo"), "0123456789abcdef");
  EXPECT_EQ(reads_, 1);
  clock_.Advance(IdentitySecrets::kKept);
  kept_ = std::string("fedcba9876543210");
  EXPECT_EQ(*secrets_.Of("demo"), "fedcba9876543210");
}

TEST_F(IdentitySecretsTest, AWorkspaceThatDoesNotExistIsAnInvalidField) {
  EXPECT_EQ(FieldViolationsOf(secrets_.Of("other").status()).at(0).field, "workspace");
}

TEST_F(IdentitySecretsTest, AShortOrMissingSecretIsRefusedWithoutBeingNamed) {
  kept_ = std::string("tooshort");
  absl::Status refused = secrets_.Of("demo").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), ::testing::Not(HasSubstr("tooshort")));
  clock_.Advance(IdentitySecrets::kFailureKept);
  kept_ = absl::NotFoundError("there is no file /secret");
  refused = secrets_.Of("demo").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), HasSubstr("/secret"));
}

}  // namespace
}  // namespace trama::platform
