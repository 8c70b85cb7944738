#include "services/channels/sms/consent.h"

#include "gtest/gtest.h"

namespace trama::sms {
namespace {

using interaction::v1::Consent;

constexpr char kLongCode[] = "+14155550199";
constexpr char kTollFree[] = "+18885550199";

Consent::Action ActionOf(std::string_view body, std::string_view to = kLongCode,
                         std::string_view type = "") {
  const auto consent = ConsentOf(type, body, to);
  return consent.has_value() ? consent->action() : Consent::ACTION_UNSPECIFIED;
}

TEST(ConsentTest, EveryWordThatTheVendorObeysCounts) {
  for (const char* word :
       {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "stop"}) {
    EXPECT_EQ(ActionOf(word), Consent::ACTION_OPT_OUT) << word;
  }
  for (const char* word : {"START", "YES", "UNSTOP", "Yes"}) {
    EXPECT_EQ(ActionOf(word), Consent::ACTION_OPT_IN) << word;
  }
  for (const char* word : {"HELP", "INFO"}) EXPECT_EQ(ActionOf(word), Consent::ACTION_HELP) << word;
}

TEST(ConsentTest, TheWholeTrimmedTextMustBeTheWord) {
  EXPECT_EQ(ActionOf("  stop \r\n"), Consent::ACTION_OPT_OUT);
  EXPECT_EQ(ActionOf("please stop"), Consent::ACTION_UNSPECIFIED);
  EXPECT_EQ(ActionOf("stop."), Consent::ACTION_UNSPECIFIED);
  EXPECT_EQ(ActionOf(""), Consent::ACTION_UNSPECIFIED);
  EXPECT_EQ(ActionOf(std::string(5000, 'S')), Consent::ACTION_UNSPECIFIED);
}

TEST(ConsentTest, VendorsOwnWordDecides) {
  const auto consent = ConsentOf("STOP", "parar", kLongCode);
  ASSERT_TRUE(consent.has_value());
  EXPECT_EQ(consent->action(), Consent::ACTION_OPT_OUT);
  EXPECT_EQ(consent->evidence(), "PARAR");
  EXPECT_EQ(ActionOf("stop", kLongCode, "START"), Consent::ACTION_OPT_IN);
  EXPECT_EQ(ActionOf("x", kLongCode, "HELP"), Consent::ACTION_HELP);
}

TEST(ConsentTest, UnknownVendorWordLeavesTheTextToDecide) {
  EXPECT_EQ(ActionOf("stop", kLongCode, "PAUSE"), Consent::ACTION_OPT_OUT);
}

TEST(ConsentTest, TollFreeNetworksTakeOnlyStartAndUnstopAsReturn) {
  EXPECT_EQ(ActionOf("YES", kTollFree), Consent::ACTION_UNSPECIFIED);
  EXPECT_EQ(ActionOf("UNSTOP", kTollFree), Consent::ACTION_OPT_IN);
  EXPECT_EQ(ActionOf("UNSUBSCRIBE", kTollFree), Consent::ACTION_OPT_OUT);
}

}  // namespace
}  // namespace trama::sms
