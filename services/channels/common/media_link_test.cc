#include "services/channels/common/media_link.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

const MediaLink kLink{"demo", "main", "demo/ab/cd", absl::FromUnixSeconds(1'700'000'000)};

TEST(MediaLinkTest, TokenSaysWhatItIsAbout) {
  const auto link = ReadMediaToken(MakeMediaToken("sms", kLink, "secret"));
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->workspace, "demo");
  EXPECT_EQ(link->account, "main");
  EXPECT_EQ(link->blob, "demo/ab/cd");
  EXPECT_EQ(link->expires_at, kLink.expires_at);
}

TEST(MediaLinkTest, OnlyTheSecretMakesIt) {
  const std::string token = MakeMediaToken("sms", kLink, "secret");
  EXPECT_TRUE(IsMediaTokenSignedBy("sms", token, "secret"));
  EXPECT_FALSE(IsMediaTokenSignedBy("sms", token, "other"));
}

TEST(MediaLinkTest, TokensOfOneChannelAreNoneOfAnother) {
  EXPECT_FALSE(IsMediaTokenSignedBy("open", MakeMediaToken("sms", kLink, "secret"), "secret"));
}

TEST(MediaLinkTest, EveryFileOfAMessageHasAnAddress) {
  outbound::v1::OutboundMessage message;
  message.set_workspace("demo");
  message.set_channel("sms");
  message.set_channel_account("main");
  message.add_parts()->mutable_text()->set_body("look");
  message.add_parts()->mutable_media()->set_blob("demo/ab/cd");
  EXPECT_FALSE(MediaUrls(message, "", "/files/", "secret", kLink.expires_at).ok());
  const auto urls = MediaUrls(message, "https://x.test", "/files/", "secret", kLink.expires_at);
  ASSERT_TRUE(urls.ok()) << urls.status();
  EXPECT_THAT(*urls, ::testing::ElementsAre("https://x.test/files/" +
                                            MakeMediaToken("sms", kLink, "secret")));
  message.add_parts()->mutable_media()->set_vendor_url("https://elsewhere.test/");
  EXPECT_FALSE(MediaUrls(message, "https://x.test", "/files/", "secret", kLink.expires_at).ok());
}

TEST(MediaLinkTest, AnyChangeBreaksIt) {
  const std::string token = MakeMediaToken("sms", kLink, "secret");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character holds two bits that mean nothing in base64, but ours is compared as text.
    EXPECT_FALSE(IsMediaTokenSignedBy("sms", changed, "secret")) << i;
  }
}

TEST(MediaLinkTest, WhatIsNoTokenIsAnError) {
  for (const char* text : {"", ".", "abc", "abc.def", "====.x"}) {
    EXPECT_FALSE(ReadMediaToken(text).ok()) << text;
  }
  EXPECT_FALSE(ReadMediaToken(std::string(100'000, 'a')).ok());
}

}  // namespace
}  // namespace trama::channels
