#include "services/channels/common/capability.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

using ::testing::HasSubstr;

ChannelCapability Sms() {
  ChannelCapability capability;
  capability.channel = "sms";
  capability.text_code_points_max = 5;
  capability.media_count_max = 2;
  capability.media_bytes_max = 100;
  capability.media_total_bytes_max = 150;
  capability.media_types = {"image/*", "application/pdf"};
  return capability;
}

outbound::v1::OutboundMessage WithText(const std::string& text) {
  outbound::v1::OutboundMessage message;
  message.add_parts()->mutable_text()->set_body(text);
  return message;
}

void AddFile(outbound::v1::OutboundMessage& message, const std::string& type, int64_t bytes) {
  types::v1::Media* media = message.add_parts()->mutable_media();
  media->set_content_type(type);
  media->set_size_bytes(bytes);
}

TEST(CapabilityTest, TextIsCountedInCharactersNotBytes) {
  EXPECT_TRUE(CheckContent(Sms(), WithText("ação!")).ok());
  EXPECT_THAT(CheckContent(Sms(), WithText("ações!")).message(),
              HasSubstr("text of 6 characters, channel sms carries at most 5"));
}

TEST(CapabilityTest, HtmlIsRefusedWhereOnlyPlainTextGoes) {
  auto message = WithText("x");
  message.mutable_parts(0)->mutable_text()->set_format(types::v1::Text::FORMAT_HTML);
  EXPECT_THAT(CheckContent(Sms(), message).message(), HasSubstr("plain text only"));
}

TEST(CapabilityTest, FilesAreCheckedByTypeSizeCountAndTotal) {
  outbound::v1::OutboundMessage message;
  AddFile(message, "image/png", 100);
  EXPECT_TRUE(CheckContent(Sms(), message).ok());
  AddFile(message, "image/png", 60);
  EXPECT_THAT(CheckContent(Sms(), message).message(), HasSubstr("files of 160 bytes"));

  outbound::v1::OutboundMessage large;
  AddFile(large, "image/png", 101);
  EXPECT_THAT(CheckContent(Sms(), large).message(), HasSubstr("file of 101 bytes"));

  outbound::v1::OutboundMessage wrong;
  AddFile(wrong, "application/zip", 1);
  EXPECT_THAT(CheckContent(Sms(), wrong).message(), HasSubstr("application/zip"));

  outbound::v1::OutboundMessage many;
  for (int i = 0; i < 3; ++i) AddFile(many, "image/png", 1);
  EXPECT_THAT(CheckContent(Sms(), many).message(), HasSubstr("3 files"));
}

TEST(CapabilityTest, TemplatesAndChoicesStandAloneWhereTheyAreCarried) {
  outbound::v1::OutboundMessage message;
  message.add_parts()->mutable_template_()->set_name("hello");
  EXPECT_THAT(CheckContent(Sms(), message).message(), HasSubstr("no parts of type template"));
  ChannelCapability rich = Sms();
  rich.templates = true;
  EXPECT_TRUE(CheckContent(rich, message).ok());
  message.add_parts()->mutable_text()->set_body("x");
  EXPECT_THAT(CheckContent(rich, message).message(), HasSubstr("must stand alone"));
  message.mutable_parts(0)->mutable_interactive()->set_body("pick");
  EXPECT_THAT(CheckContent(rich, message).message(), HasSubstr("no parts of type interactive"));
}

TEST(CapabilityTest, MediaTypesMatchByFamilyAndExactly) {
  EXPECT_TRUE(MediaTypeAllowed(Sms(), "Image/JPEG"));
  EXPECT_TRUE(MediaTypeAllowed(Sms(), "application/pdf; name=x"));
  EXPECT_FALSE(MediaTypeAllowed(Sms(), "imagex/png"));
  EXPECT_FALSE(MediaTypeAllowed(Sms(), ""));
  EXPECT_TRUE(MediaTypeAllowed(ChannelCapability{}, "anything/at-all"));
}

}  // namespace
}  // namespace trama::channels
