#include "services/channels/sms/media_link.h"

#include "gtest/gtest.h"

namespace trama::sms {
namespace {

const MediaLink kLink{"demo", "main", "demo/ab/cd", absl::FromUnixSeconds(1'700'000'000)};

TEST(MediaLinkTest, TokenSaysWhatItIsAbout) {
  const auto link = ReadMediaToken(MakeMediaToken(kLink, "secret"));
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->workspace, "demo");
  EXPECT_EQ(link->account, "main");
  EXPECT_EQ(link->blob, "demo/ab/cd");
  EXPECT_EQ(link->expires_at, kLink.expires_at);
}

TEST(MediaLinkTest, OnlyTheSecretMakesIt) {
  const std::string token = MakeMediaToken(kLink, "secret");
  EXPECT_TRUE(IsMediaTokenSignedBy(token, "secret"));
  EXPECT_FALSE(IsMediaTokenSignedBy(token, "other"));
}

TEST(MediaLinkTest, AnyChangeBreaksIt) {
  const std::string token = MakeMediaToken(kLink, "secret");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character holds two bits that mean nothing in base64, but ours is compared as text.
    EXPECT_FALSE(IsMediaTokenSignedBy(changed, "secret")) << i;
  }
}

TEST(MediaLinkTest, WhatIsNoTokenIsAnError) {
  for (const char* text : {"", ".", "abc", "abc.def", "====.x"}) {
    EXPECT_FALSE(ReadMediaToken(text).ok()) << text;
  }
  EXPECT_FALSE(ReadMediaToken(std::string(100'000, 'a')).ok());
}

}  // namespace
}  // namespace trama::sms
