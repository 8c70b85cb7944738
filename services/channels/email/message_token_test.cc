#include "services/channels/email/message_token.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/kernel/ids.h"

namespace trama::email {
namespace {

constexpr char kSecret[] = "0123456789abcdef";
constexpr char kScope[] = "demo/help";

OutgoingIds TokenIds() { return {DerivedId("m", "1"), DerivedId("c", "1"), 37}; }

TEST(MessageToken, ComesBackAsItWent) {
  const std::string token = MakeToken('m', kSecret, kScope, TokenIds());
  EXPECT_EQ(ReadToken('m', kSecret, kScope, token), TokenIds());
}

TEST(MessageToken, FitsIntoALocalPart) {
  EXPECT_LE(MakeToken('b', kSecret, kScope, TokenIds()).size(), 64u);
}

TEST(MessageToken, SurvivesAServerThatChangesCase) {
  const std::string token = MakeToken('b', kSecret, kScope, TokenIds());
  EXPECT_EQ(ReadToken('b', kSecret, kScope, absl::AsciiStrToUpper(token)), TokenIds());
}

TEST(MessageToken, AnyChangedLetterIsRefused) {
  const std::string token = MakeToken('m', kSecret, kScope, TokenIds());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'q' ? 'z' : 'q';
    EXPECT_NE(ReadToken('m', kSecret, kScope, forged), TokenIds()) << i;
  }
}

TEST(MessageToken, IsWorthNothingInAnotherAccountOrWithAnotherSecret) {
  const std::string token = MakeToken('m', kSecret, kScope, TokenIds());
  EXPECT_FALSE(ReadToken('m', kSecret, "acme/help", token));
  EXPECT_FALSE(ReadToken('m', "another secret..", kScope, token));
  EXPECT_FALSE(ReadToken('b', kSecret, kScope, token));
}

TEST(MessageToken, ForeignTextIsNoToken) {
  for (const std::string text : {"", "m", "20260105.ana", "m!aaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_FALSE(ReadToken('m', kSecret, kScope, text)) << text;
  }
}

TEST(MessageToken, TheLocalPartIsWhatStandsBeforeTheLastAt) {
  EXPECT_EQ(LocalPart("<abc@x.test>"), "abc");
  EXPECT_EQ(LocalPart("\"a@b\"@x.test"), "\"a@b\"");
  EXPECT_EQ(LocalPart("nothing"), "");
}

}  // namespace
}  // namespace trama::email
