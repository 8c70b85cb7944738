#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/spec_checks.h"
#include "services/config/test_resources.h"

namespace trama::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using namespace testing;  // NOLINT: the builders of this service.

v1::Resource Email() { return EmailAccount("demo", "support", "help@demo.test"); }
v1::Resource Sms() { return SmsAccount("demo", "texts", "+14155550123"); }
v1::EmailAccount& EmailOf(v1::Resource& r) { return *r.mutable_channel_account()->mutable_email(); }
v1::SmsAccount& SmsOf(v1::Resource& r) { return *r.mutable_channel_account()->mutable_sms(); }

TEST(AccountChecksTest, StateMustBeSaid) {
  v1::Resource account = Email();
  account.mutable_channel_account()->clear_state();
  EXPECT_THAT(Wrong(account), ElementsAre("r.spec.state: is missing: ON, DRAINING or OFF"));
}

TEST(AccountChecksTest, SettingsMustBeOfTheChannel) {
  v1::Resource account = Email();
  account.mutable_channel_account()->set_channel("sms");
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.email: are settings of another")));
}

TEST(AccountChecksTest, SettingsMustBeThere) {
  v1::Resource account = Email();
  account.mutable_channel_account()->clear_email();
  EXPECT_THAT(Wrong(account), ElementsAre("r.spec: has no settings: give email"));
}

TEST(AccountChecksTest, AddressesMustBeAddresses) {
  v1::Resource account = Email();
  EmailOf(account).set_address("help");
  EmailOf(account).add_aliases("a@b@c");
  EXPECT_THAT(Wrong(account),
              ElementsAre("r.spec.email.address: \"help\" is not an e-mail address",
                          "r.spec.email.aliases[0]: \"a@b@c\" is not an e-mail address"));
}

TEST(AccountChecksTest, PlainTextOnlyToARelayOnThisHost) {
  for (const char* server : {"127.0.0.1:25", "localhost:25", "[::1]:25"}) {
    v1::Resource account = Email();
    EmailOf(account).set_smtp_server(server);
    EXPECT_THAT(Wrong(account), IsEmpty()) << server;
  }
  v1::Resource account = Email();
  EmailOf(account).set_smtp_server("smtp.firm.example:25");
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.email.smtp_tls: NONE is only for")));
  EmailOf(account).set_smtp_tls(v1::EmailAccount::STARTTLS);
  EXPECT_THAT(Wrong(account), IsEmpty());
}

TEST(AccountChecksTest, SmtpServerIsHostAndPort) {
  for (const char* server : {"smtp.firm.example", "smtp:0", "smtp:99999", ":25", "a b:25"}) {
    v1::Resource account = Email();
    EmailOf(account).set_smtp_server(server);
    EXPECT_THAT(Wrong(account), ElementsAre(HasSubstr("is not host:port"))) << server;
  }
}

TEST(AccountChecksTest, SmtpUserAndPasswordComeTogether) {
  v1::Resource account = Email();
  EmailOf(account).set_smtp_user("u");
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.email.smtp_password: is missing")));
  EmailOf(account).clear_smtp_user();
  EmailOf(account).set_smtp_password("env:P");
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.email.smtp_user: is missing")));
}

TEST(AccountChecksTest, DkimNeedsDomainSelectorAndKey) {
  v1::Resource account = Email();
  EmailOf(account).mutable_dkim();
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.email.dkim.domain: "),
                                          StartsWith("r.spec.email.dkim.selector: "),
                                          StartsWith("r.spec.email.dkim.private_key: ")));
}

TEST(AccountChecksTest, NumbersAreInE164) {
  for (const char* number : {"4155550123", "+1 415 555 0123", "help", "+1"}) {
    v1::Resource account = Sms();
    SmsOf(account).set_numbers(0, number);
    EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.sms.numbers[0]: "))) << number;
  }
}

TEST(AccountChecksTest, SidsHaveTheirForm) {
  v1::Resource account = Sms();
  SmsOf(account).set_account_sid("AC12");
  SmsOf(account).set_messaging_service_sid("AC00112233445566778899aabbccddeeff");
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.sms.account_sid: "),
                                          StartsWith("r.spec.sms.messaging_service_sid: ")));
}

TEST(AccountChecksTest, AuthTokensAreReferencesAndNeverRepeated) {
  v1::Resource account = Sms();
  SmsOf(account).set_auth_tokens(0, "d3adb33f");
  EXPECT_THAT(Wrong(account), ElementsAre(AllOf(StartsWith("r.spec.sms.auth_tokens[0]: must be a"),
                                                Not(HasSubstr("d3adb33f")))));
  SmsOf(account).clear_auth_tokens();
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.sms.auth_tokens: is missing")));
}

TEST(AccountChecksTest, UrlsAreAbsoluteWithoutQuery) {
  for (const char* url : {"firm.example", "ftp://x", "https://", "https://u@h/", "https://h/?q"}) {
    v1::Resource account = Sms();
    SmsOf(account).set_public_base_url(url);
    EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.sms.public_base_url: "))) << url;
  }
  for (const char* url :
       {"http://127.0.0.1:8010", "https://firm.example/trama", "http://[::1]:1"}) {
    v1::Resource account = Sms();
    SmsOf(account).set_public_base_url(url);
    EXPECT_THAT(Wrong(account), IsEmpty()) << url;
  }
}

v1::Resource WhatsApp() { return WhatsAppAccount("demo", "chat", "900001"); }
v1::WhatsAppAccount& WhatsAppOf(v1::Resource& r) {
  return *r.mutable_channel_account()->mutable_whatsapp();
}

TEST(AccountChecksTest, WhatsAppNeedsItsIdsAndSecrets) {
  v1::Resource account = WhatsApp();
  EXPECT_THAT(Wrong(account), IsEmpty());
  WhatsAppOf(account).Clear();
  EXPECT_THAT(Wrong(account),
              ElementsAre(StartsWith("r.spec.whatsapp.phone_number_id: is missing"),
                          StartsWith("r.spec.whatsapp.business_account_id: is missing"),
                          StartsWith("r.spec.whatsapp.app_secrets: is missing"),
                          StartsWith("r.spec.whatsapp.verify_token: "),
                          StartsWith("r.spec.whatsapp.access_token: ")));
}

TEST(AccountChecksTest, IdsAndVersionsOfWhatsAppHaveTheirForm) {
  v1::Resource account = WhatsApp();
  WhatsAppOf(account).set_phone_number_id("+14155550123");
  WhatsAppOf(account).set_portfolio_id("my portfolio");
  WhatsAppOf(account).set_api_version("26");
  WhatsAppOf(account).set_app_secrets(0, "d3adb33f");
  EXPECT_THAT(Wrong(account),
              ElementsAre(StartsWith("r.spec.whatsapp.phone_number_id: \"+14155550123\" is not"),
                          StartsWith("r.spec.whatsapp.portfolio_id: "),
                          AllOf(StartsWith("r.spec.whatsapp.app_secrets[0]: must be a"),
                                Not(HasSubstr("d3adb33f"))),
                          StartsWith("r.spec.whatsapp.api_version: \"26\" is not a version")));
}

}  // namespace
}  // namespace trama::config
