#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/secrets.h"
#include "services/config/spec_checks.h"
#include "services/config/test_resources.h"

namespace trama::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

class OpenAccountChecksTest : public ::testing::Test {
 protected:
  v1::OpenAccount& open() { return *account_.mutable_channel_account()->mutable_open(); }

  std::vector<std::string> Wrong() const {
    Violations violations;
    CheckResource(account_, "r", violations);
    return testing::Lines(violations);
  }

  v1::Resource account_ = testing::Resource(R"pb(kind: "ChannelAccount"
                                                 metadata { name: "shop" workspace: "demo" }
                                                 channel_account {
                                                   channel: "open"
                                                   state: ON
                                                   open {
                                                     secrets: "env:PRESENT"
                                                     secrets: "file:/run/secrets/next"
                                                     callback_url: "https://shop.example/trama"
                                                     public_base_url: "https://trama.firm.example"
                                                   }
                                                 })pb");
};

TEST_F(OpenAccountChecksTest, WholeAccountIsFine) { EXPECT_THAT(Wrong(), IsEmpty()); }

TEST_F(OpenAccountChecksTest, AccountMayOnlyTakeIn) {
  open().clear_callback_url();
  open().clear_public_base_url();
  EXPECT_THAT(Wrong(), IsEmpty());
}

TEST_F(OpenAccountChecksTest, SecretsAreReferencesAndAtMostTwo) {
  open().set_secrets(0, "d3adb33f");
  EXPECT_THAT(Wrong(), ElementsAre(AllOf(StartsWith("r.spec.open.secrets[0]: must be a"),
                                         Not(HasSubstr("d3adb33f")))));
  open().set_secrets(0, "env:PRESENT");
  open().add_secrets("env:THIRD");
  EXPECT_THAT(Wrong(), ElementsAre(StartsWith("r.spec.open.secrets: has 3 entries")));
  open().clear_secrets();
  EXPECT_THAT(Wrong(), ElementsAre(StartsWith("r.spec.open.secrets: is missing")));
}

TEST_F(OpenAccountChecksTest, AddressesAreAbsolute) {
  open().set_callback_url("shop.example/trama");
  open().set_public_base_url("ftp://firm.example");
  EXPECT_THAT(Wrong(), ElementsAre(StartsWith("r.spec.open.callback_url: "),
                                   StartsWith("r.spec.open.public_base_url: ")));
}

TEST_F(OpenAccountChecksTest, RateIsNotNegative) {
  open().set_events_per_second_max(-1);
  EXPECT_THAT(Wrong(), ElementsAre(StartsWith("r.spec.open.events_per_second_max: ")));
}

TEST_F(OpenAccountChecksTest, SecretsAreKnownAsSuch) {
  EXPECT_THAT(SecretsOf(account_),
              ElementsAre(Pair("spec.open.secrets[0]", "env:PRESENT"),
                          Pair("spec.open.secrets[1]", "file:/run/secrets/next")));
}

}  // namespace
}  // namespace trama::config
