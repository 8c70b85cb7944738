#include "services/channels/sms/parse.h"

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"

namespace trama::sms {
namespace {

namespace iv = interaction::v1;
using google::protobuf::util::MessageDifferencer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

SmsAccountView Receiver() {
  SmsAccountView account;
  account.workspace = "demo";
  account.name = "main";
  account.default_region = "US";
  account.numbers = {"+14155550199"};
  account.account_sid = "AC1";
  return account;
}

Params Hello() {
  return {{"ToCountry", "US"},      {"MessageSid", "SM0c"}, {"AccountSid", "AC1"},
          {"From", "+14155550123"}, {"To", "+14155550199"}, {"Body", "Hi there"},
          {"NumMedia", "0"},        {"NumSegments", "1"},   {"FromCountry", "US"}};
}

Params With(Params params, const std::string& name, const std::string& value) {
  for (auto& [key, held] : params) {
    if (key == name) {
      held = value;
      return params;
    }
  }
  params.emplace_back(name, value);
  return params;
}

std::vector<iv::Interaction> Parse(const Params& params) {
  auto parsed = ParseMessage(params, Receiver(), kNow);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : std::vector<iv::Interaction>(1);
}

TEST(ParseMessageTest, TextMessageBecomesOneInteraction) {
  const auto interactions = Parse(Hello());
  ASSERT_THAT(interactions, SizeIs(1));
  const iv::Interaction& message = interactions[0];
  EXPECT_EQ(message.interaction_id(),
            channels::InteractionId("sms", "demo", "main", "SM0c", iv::KIND_MESSAGE));
  EXPECT_EQ(message.workspace(), "demo");
  EXPECT_EQ(message.channel(), "sms");
  EXPECT_EQ(message.channel_account(), "main");
  EXPECT_EQ(message.direction(), iv::DIRECTION_INBOUND);
  EXPECT_EQ(message.kind(), iv::KIND_MESSAGE);
  EXPECT_EQ(message.vendor_message_id(), "SM0c");
  EXPECT_EQ(message.sender().identifier().kind(), types::v1::IDENTIFIER_KIND_PHONE);
  EXPECT_EQ(message.sender().identifier().value(), "+14155550123");
  EXPECT_EQ(message.sender().address(), "+14155550123");
  EXPECT_FALSE(message.sender().verified());
  EXPECT_EQ(channels::FromProto(message.received_at()), kNow);
  EXPECT_FALSE(message.has_sent_at());
  ASSERT_THAT(message.parts(), SizeIs(1));
  EXPECT_EQ(message.parts(0).text().body(), "Hi there");
  EXPECT_EQ(message.language(), "");
  EXPECT_EQ(message.channel_facts().at("to"), "+14155550199");
  EXPECT_EQ(message.channel_facts().at("num_segments"), "1");
  EXPECT_THAT(message.anomalies(), IsEmpty());
}

TEST(ParseMessageTest, OldNamesOfTheMessageIdAreRead) {
  Params params = Hello();
  params[1].first = "SmsSid";
  EXPECT_EQ(Parse(params)[0].vendor_message_id(), "SM0c");
  params[1].first = "SmsMessageSid";
  EXPECT_EQ(Parse(params)[0].vendor_message_id(), "SM0c");
}

TEST(ParseMessageTest, MessagesOfOneSenderAreOneThread) {
  EXPECT_EQ(Parse(Hello())[0].conversation_key(),
            Parse(With(Hello(), "MessageSid", "SM2"))[0].conversation_key());
  EXPECT_NE(Parse(Hello())[0].conversation_key(),
            Parse(With(Hello(), "From", "+14155550124"))[0].conversation_key());
}

TEST(ParseMessageTest, FilesKeepTheirPlaceAtTheVendor) {
  Params params = With(Hello(), "NumMedia", "2");
  params = With(params, "MediaUrl0", "https://api.twilio.com/a");
  params = With(params, "MediaContentType0", "image/jpeg");
  params = With(params, "MediaUrl1", "https://api.twilio.com/b");
  const iv::Interaction message = Parse(params)[0];
  ASSERT_THAT(message.parts(), SizeIs(3));
  EXPECT_EQ(message.parts(1).media().vendor_url(), "https://api.twilio.com/a");
  EXPECT_EQ(message.parts(1).media().content_type(), "image/jpeg");
  EXPECT_EQ(message.parts(1).media().blob(), "");
  EXPECT_EQ(message.parts(2).media().vendor_url(), "https://api.twilio.com/b");
}

TEST(ParseMessageTest, PictureWithoutTextHasNoTextPart) {
  Params params = With(With(Hello(), "Body", ""), "NumMedia", "1");
  params = With(params, "MediaUrl0", "https://api.twilio.com/a");
  const iv::Interaction message = Parse(params)[0];
  ASSERT_THAT(message.parts(), SizeIs(1));
  EXPECT_TRUE(message.parts(0).has_media());
  EXPECT_THAT(message.anomalies(), IsEmpty());
}

TEST(ParseMessageTest, OddMediaCountsAreNamedAndSurvived) {
  EXPECT_THAT(Parse(With(Hello(), "NumMedia", "x"))[0].anomalies(),
              ElementsAre("parameter NumMedia is not a number"));
  EXPECT_THAT(Parse(With(Hello(), "NumMedia", "-1"))[0].anomalies(), SizeIs(1));
  EXPECT_THAT(Parse(With(Hello(), "NumMedia", "1"))[0].anomalies(),
              ElementsAre("parameter MediaUrl0 is missing or too long"));
  const iv::Interaction many = Parse(With(Hello(), "NumMedia", "2000000000"))[0];
  EXPECT_THAT(many.anomalies(), Contains("only 20 of 2000000000 files were taken"));
}

TEST(ParseMessageTest, SendersWithoutANumberAreScopedByCountry) {
  Params params = With(With(Hello(), "From", "BANCO"), "FromCountry", "BR");
  const auto bank = Parse(params)[0].sender().identifier();
  EXPECT_EQ(bank.kind(), types::v1::IDENTIFIER_KIND_SMS_SENDER);
  EXPECT_EQ(bank.scope(), "BR");
  EXPECT_EQ(bank.value(), "BANCO");

  const auto code = Parse(With(With(Hello(), "From", "27543"), "FromCountry", "BR"))[0].sender();
  EXPECT_EQ(code.identifier().kind(), types::v1::IDENTIFIER_KIND_SMS_SENDER);
  EXPECT_EQ(code.identifier().value(), "27543");
}

TEST(ParseMessageTest, ChannelsCarriedBesideSmsKeepTheirAddress) {
  Params params = With(Hello(), "From", "whatsapp:+14155550123");
  params = With(With(params, "To", "whatsapp:+14155550199"), "ProfileName", "Ana");
  const iv::Interaction message = Parse(params)[0];
  EXPECT_EQ(message.sender().identifier().value(), "+14155550123");
  EXPECT_EQ(message.sender().address(), "whatsapp:+14155550123");
  EXPECT_EQ(message.sender().display_name(), "Ana");
  EXPECT_THAT(message.anomalies(), IsEmpty());
}

TEST(ParseMessageTest, PlacesAndRepliesAreRead) {
  Params params = With(With(Hello(), "Latitude", "-23.55"), "Longitude", "-46.63");
  params = With(params, "OriginalRepliedMessageSid", "SM9");
  const iv::Interaction message = Parse(params)[0];
  EXPECT_EQ(message.parts(1).location().latitude_degrees(), -23.55);
  EXPECT_EQ(message.reply_to_vendor_message_id(), "SM9");
  EXPECT_THAT(Parse(With(params, "Latitude", "nan"))[0].anomalies(), SizeIs(1));
  EXPECT_THAT(Parse(With(params, "Longitude", "181"))[0].anomalies(), SizeIs(1));
}

TEST(ParseMessageTest, UnknownParametersChangeNothing) {
  const auto plain = Parse(Hello());
  const auto more = Parse(With(Hello(), "SomethingNew2027", "value"));
  EXPECT_TRUE(MessageDifferencer::Equals(plain[0], more[0]));
}

TEST(ParseMessageTest, WhatIsOddIsNamed) {
  EXPECT_THAT(Parse(With(Hello(), "AccountSid", "AC2"))[0].anomalies(),
              ElementsAre("parameter AccountSid is not this account's"));
  EXPECT_THAT(Parse(With(Hello(), "To", "+14155550000"))[0].anomalies(),
              ElementsAre("parameter To is none of this account's numbers"));
  EXPECT_THAT(Parse(With(Hello(), "Body", ""))[0].anomalies(), ElementsAre("the message is empty"));
  const iv::Interaction broken = Parse(With(Hello(), "Body", "a\xff"))[0];
  EXPECT_THAT(broken.anomalies(), ElementsAre("parameter Body was not UTF-8"));
  EXPECT_EQ(broken.parts(0).text().body(), "a\xef\xbf\xbd");
}

TEST(ParseMessageTest, WithoutIdOrSenderNothingCanBeAttributed) {
  EXPECT_THAT(ParseMessage(With(Hello(), "MessageSid", ""), Receiver(), kNow).status().message(),
              HasSubstr("MessageSid is missing"));
  EXPECT_THAT(ParseMessage(With(Hello(), "MessageSid", "a b"), Receiver(), kNow).status().message(),
              HasSubstr("MessageSid is not an id"));
  const absl::Status no_sender = ParseMessage(With(Hello(), "From", ""), Receiver(), kNow).status();
  EXPECT_EQ(no_sender.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(no_sender.message(), HasSubstr("From"));
}

TEST(ParseMessageTest, ConsentStandsBesideTheMessage) {
  const auto interactions = Parse(With(Hello(), "Body", " Stop\n"));
  ASSERT_THAT(interactions, SizeIs(2));
  EXPECT_EQ(interactions[0].kind(), iv::KIND_MESSAGE);
  EXPECT_EQ(interactions[0].parts(0).text().body(), " Stop\n");
  const iv::Interaction& consent = interactions[1];
  EXPECT_EQ(consent.kind(), iv::KIND_CONSENT);
  EXPECT_NE(consent.interaction_id(), interactions[0].interaction_id());
  EXPECT_EQ(consent.sender().identifier().value(), "+14155550123");
  EXPECT_EQ(consent.consent().action(), iv::Consent::ACTION_OPT_OUT);
  EXPECT_EQ(consent.consent().purpose(), "sms");
  EXPECT_EQ(consent.consent().evidence(), "STOP");
}

}  // namespace
}  // namespace trama::sms
