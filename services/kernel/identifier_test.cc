#include "services/kernel/identifier.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace trama {
namespace {

struct Address {
  const char* kind;
  const char* scope;
  const char* raw;
  const char* region;
  const char* text;
};

class AddressTest : public ::testing::TestWithParam<Address> {};

TEST_P(AddressTest, HasOneCanonicalTextThatReadsBack) {
  const Address& given = GetParam();
  const absl::StatusOr<Identifier> identifier =
      NormaliseIdentifier(given.kind, given.scope, given.raw, given.region);
  ASSERT_TRUE(identifier.ok()) << identifier.status();
  EXPECT_EQ(FormatIdentifier(*identifier), given.text);
  const absl::StatusOr<Identifier> again = ParseIdentifier(given.text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *identifier);
  EXPECT_EQ(*NormaliseIdentifier(again->kind, again->scope, again->value, ""), *identifier);
}

INSTANTIATE_TEST_SUITE_P(
    Identifier, AddressTest,
    ::testing::Values(
        Address{"email", "", " Ana@X.Test ", "", "email:ana@x.test"},
        Address{"email", "", "\"a:b\"@x.test", "", "email:\"a:b\"@x.test"},
        Address{"phone", "", "(11) 96123-4567", "BR", "phone:+5511961234567"},
        Address{"phone", "", "+551161234567", "", "phone:+5511961234567"},
        Address{"sms", "BR", "+5511961234567", "", "phone:+5511961234567"},
        Address{"sms", "", "+5511961234567", "", "phone:+5511961234567"},
        Address{"sms", "br", "27543", "", "sms:BR:27543"},
        Address{"sms", "DE", "32665", "", "sms:DE:32665"},
        Address{"sms", "", "BANCO", "pt", "sms:PT:BANCO"},
        Address{"sms", "", "BANCO", "", "sms:ZZ:BANCO"},
        Address{"whatsapp", "portfolio-1", " BR.7a:X ", "BR", "whatsapp:portfolio-1:BR.7a:X"},
        Address{"telegram", "", "123456789", "BR", "telegram::123456789"},
        Address{"account", "shop:eu 100%", "u1", "", "account:shop%3Aeu 100%25:u1"},
        Address{"device", "widget", "d-1", "", "device:widget:d-1"},
        Address{"reference", "order", " ab-12 ", "", "reference:order:AB-12"},
        Address{"own_channel-2", "s", "jo\xC3\xA3o", "", "own_channel-2:s:jo\xC3\xA3o"}));

TEST(IdentifierTest, AValueIsUniqueOnlyInsideItsScope) {
  const auto a = NormaliseIdentifier("telegram", "bot-1", "42", "");
  const auto b = NormaliseIdentifier("telegram", "bot-2", "42", "");
  EXPECT_NE(*a, *b);
  EXPECT_NE(FormatIdentifier(*a), FormatIdentifier(*b));
}

TEST(IdentifierTest, ScopesThatContainTheSeparatorDoNotMeetOthers) {
  EXPECT_NE(FormatIdentifier({"account", "a:b", "c"}), FormatIdentifier({"account", "a", "b:c"}));
  EXPECT_NE(FormatIdentifier({"account", "a%3Ab", "c"}), FormatIdentifier({"account", "a:b", "c"}));
}

TEST(IdentifierTest, OrderIsByKindScopeValue) {
  std::vector<Identifier> all = {{"phone", "", "+1"},
                                 {"email", "", "b@x.test"},
                                 {"email", "", "a@x.test"},
                                 {"chat", "z", "1"},
                                 {"chat", "a", "2"}};
  std::sort(all.begin(), all.end());
  EXPECT_EQ(FormatIdentifier(all[0]), "chat:a:2");
  EXPECT_EQ(FormatIdentifier(all[1]), "chat:z:1");
  EXPECT_EQ(FormatIdentifier(all[2]), "email:a@x.test");
  EXPECT_EQ(FormatIdentifier(all[4]), "phone:+1");
}

TEST(IdentifierTest, NormalisingRefusesWhatIsNoAddress) {
  const std::string long_scope(kIdentifierScopeBytesMax + 1, 's');
  const std::string long_value(kIdentifierValueBytesMax + 1, 'v');
  const std::string long_kind(kIdentifierKindBytesMax + 1, 'k');
  const std::vector<std::vector<std::string>> wrong = {
      {"", "", "x"},
      {"Email", "", "a@x.test"},
      {"1st", "", "x"},
      {"what:ever", "", "x"},
      {long_kind, "", "x"},
      {"email", "", "no address"},
      {"email", "s", "a@x.test"},
      {"phone", "s", "+5511961234567"},
      {"phone", "", "BANCO"},
      {"telegram", "", "  "},
      {"telegram", long_scope, "x"},
      {"telegram", "", long_value},
      {"telegram", "a\nb", "x"},
      {"telegram", "", "a\nb"},
      {"telegram", "", "\xFF"},
  };
  for (const auto& one : wrong) {
    EXPECT_EQ(NormaliseIdentifier(one[0], one[1], one[2], "").status().code(),
              absl::StatusCode::kInvalidArgument)
        << one[0] << " | " << one[1] << " | " << one[2];
  }
}

TEST(IdentifierTest, ReadingRefusesTextThatIsNotCanonical) {
  for (const char* text :
       {"", "email", "email:", "email:ana", "phone:5511", "phone:+", "phone:+55 11", "telegram:42",
        "telegram:bot:", "telegram:b%41t:42", "telegram:b%3at:42", "telegram:b%:42", ":a:b"}) {
    EXPECT_EQ(ParseIdentifier(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(IdentifierTest, WhatWasStoredReadsBackThoughNumberingPlansMoveOn) {
  EXPECT_TRUE(ParseIdentifier("phone:+999000111222").ok());
}

}  // namespace
}  // namespace trama
