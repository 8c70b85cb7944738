#include "tools/cli/customer_who.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/cli/names.h"
#include "trama/conversation/v1/conversation_events.pb.h"

namespace trama::tramactl {
namespace {

using ::testing::HasSubstr;
using types::v1::Identifier;

Identifier Parsed(const std::string& text) {
  const auto identifier = ParseIdentifierText(text);
  EXPECT_TRUE(identifier.ok()) << identifier.status();
  return identifier.value_or(Identifier());
}

TEST(CustomerWhoTest, AddressesAndNumbersAreRecognised) {
  EXPECT_EQ(Parsed("ana@firm.example").kind(), types::v1::IDENTIFIER_KIND_EMAIL);
  for (const char* number : {"+5511987654321", "(11) 98765-4321", "11 98765.4321"}) {
    EXPECT_EQ(ParseIdentifierText(number).ok(), std::string(number)[0] != '(') << number;
  }
  EXPECT_EQ(Parsed("+5511987654321").kind(), types::v1::IDENTIFIER_KIND_PHONE);
}

TEST(CustomerWhoTest, KindsAndScopesCanBeWritten) {
  const Identifier account = Parsed("account:crm:42");
  EXPECT_EQ(account.kind(), types::v1::IDENTIFIER_KIND_ACCOUNT);
  EXPECT_EQ(account.scope(), "crm");
  EXPECT_EQ(account.value(), "42");
  EXPECT_EQ(Parsed("phone:+1").value(), "+1");
  EXPECT_EQ(Parsed("email:a@b").scope(), "");
  for (const char* text : {"account:crm:42", "email:a@b", "phone:+1", "sms:BR:27543"}) {
    EXPECT_EQ(IdentifierText(Parsed(text)), text);
  }
}

TEST(CustomerWhoTest, OtherTextIsRefused) {
  EXPECT_THAT(std::string(ParseIdentifierText("emial:x").status().message()),
              HasSubstr("did you mean \"email\"?"));
  EXPECT_FALSE(ParseWho("somebody").ok());
}

TEST(CustomerWhoTest, CustomerIdsAreNoIdentifiers) {
  const std::string id = "ab0c31bb-b465-8fb7-8a83-f47346b5244d";
  EXPECT_EQ(ParseWho(id)->customer_id, id);
  EXPECT_FALSE(ParseIdentifierText(id).ok());
}

TEST(NamesTest, EnumsAreWords) {
  EXPECT_EQ(WordOf(conversation::v1::STATE_QUEUED), "queued");
  EXPECT_EQ(WordOf(conversation::v1::STATE_UNSPECIFIED), "");
  EXPECT_EQ(WordOf(static_cast<conversation::v1::State>(99)), "99");
  EXPECT_EQ(*ParseWord<conversation::v1::State>("Assigned"), conversation::v1::STATE_ASSIGNED);
  EXPECT_THAT(std::string(ParseWord<conversation::v1::State>("asigned").status().message()),
              HasSubstr("did you mean \"assigned\"?"));
}

TEST(NamesTest, TimesAreAbsoluteOrAgo) {
  EXPECT_EQ(ParseTimeOrAgo("2026-04-21T09:30:00Z")->seconds(), 1776763800);
  EXPECT_TRUE(ParseTimeOrAgo("2026-04-21").ok());
  EXPECT_TRUE(ParseTimeOrAgo("24h").ok());
  EXPECT_FALSE(ParseTimeOrAgo("yesterday").ok());
  EXPECT_FALSE(ParseTimeOrAgo("-1h").ok());
}

}  // namespace
}  // namespace trama::tramactl
