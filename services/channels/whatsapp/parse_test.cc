#include "services/channels/whatsapp/parse.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/content.h"
#include "services/channels/whatsapp/testing/payloads.h"

namespace trama::whatsapp {
namespace {

namespace iv = interaction::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the vendor's bodies.

const absl::Time kSent = absl::FromUnixSeconds(1'795'350'000);
const absl::Time kReceived = kSent + absl::Seconds(2);

WhatsAppAccountView Account() {
  WhatsAppAccountView account;
  account.workspace = "demo";
  account.name = "main";
  account.phone_number_id = kNumberId;
  account.portfolio = "77";
  return account;
}

absl::StatusOr<ParsedEvent> ParseFirst(const std::string& body) {
  const auto envelope = ReadEnvelope(body);
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_THAT(envelope->events, SizeIs(1));
  return ParseEvent(envelope->events.at(0), Account(), kReceived);
}

iv::Interaction Parse(const std::string& content) {
  const auto parsed = ParseFirst(OneMessage("wamid.1", content));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->interaction : iv::Interaction();
}

TEST(ParseTest, TextBecomesAMessage) {
  const iv::Interaction message = Parse(Text("Hi \\ud83d\\ude00"));
  EXPECT_EQ(message.kind(), iv::KIND_MESSAGE);
  EXPECT_EQ(message.direction(), iv::DIRECTION_INBOUND);
  EXPECT_EQ(message.channel(), "whatsapp");
  EXPECT_EQ(message.channel_account(), "main");
  EXPECT_EQ(message.vendor_message_id(), "wamid.1");
  EXPECT_EQ(message.parts(0).text().body(), "Hi \xF0\x9F\x98\x80");
  EXPECT_EQ(channels::FromProto(message.sent_at()), kSent);
  EXPECT_EQ(channels::FromProto(message.received_at()), kReceived);
  EXPECT_THAT(message.anomalies(), IsEmpty());
}

TEST(ParseTest, SenderIsTheVendorsIdOfTheUserAndHisNumberBesideIt) {
  const iv::Sender sender = Parse(Text("x")).sender();
  EXPECT_EQ(sender.identifier().kind(), types::v1::IDENTIFIER_KIND_CHANNEL);
  EXPECT_EQ(sender.identifier().scope(), "whatsapp/77");
  EXPECT_EQ(sender.identifier().value(), kUserId);
  ASSERT_THAT(sender.also(), SizeIs(1));
  EXPECT_EQ(sender.also(0).kind(), types::v1::IDENTIFIER_KIND_PHONE);
  EXPECT_EQ(sender.also(0).value(), "+14155550123");
  EXPECT_EQ(sender.address(), "14155550123");
  EXPECT_EQ(sender.display_name(), "Ana (@ana.k)");
  EXPECT_TRUE(sender.verified());
}

TEST(ParseTest, UserWithoutANumberIsAnsweredByHisUserId) {
  const auto parsed = ParseFirst(Body(Change(
      R"("contacts":[{"profile":{"name":"Ana"},"user_id":"US.1349"}],"messages":[)"
      R"({"id":"wamid.AAA=","from_user_id":"US.1349","timestamp":"1795350000","type":"text",)"
      R"("text":{"body":"Hi"}}])")));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const iv::Sender& sender = parsed->interaction.sender();
  EXPECT_EQ(sender.identifier().value(), "US.1349");
  EXPECT_EQ(sender.address(), "US.1349");
  EXPECT_THAT(sender.also(), IsEmpty());
}

TEST(ParseTest, UserWithoutAUserIdIsHisNumberInItsCanonicalForm) {
  // Brazil's ninth digit, which the vendor leaves out.
  const auto parsed = ParseFirst(
      Body(Change(absl::StrCat(R"("contacts":[{"wa_id":"551187654321"}],"messages":[)",
                               Message("wamid.1", Text("x"), "", "551187654321"), "]"))));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->interaction.sender().identifier().value(), "+5511987654321");
  EXPECT_EQ(parsed->interaction.sender().address(), "551187654321");
  EXPECT_EQ(parsed->interaction.conversation_key(), "demo/phone:+5511987654321");
}

TEST(ParseTest, RedeliveryHasTheSameIdAndAnotherMessageAnotherOne) {
  const auto id = [](const std::string& vendor_id) {
    return ParseFirst(OneMessage(vendor_id, Text("x")))->interaction.interaction_id();
  };
  EXPECT_EQ(id("wamid.1"), id("wamid.1"));
  EXPECT_NE(id("wamid.1"), id("wamid.2"));
}

TEST(ParseTest, WindowIsADayFromTheVendorsClockAndLongerAfterAnAdvertisement) {
  EXPECT_EQ(channels::FromProto(Parse(Text("x")).session_window_until()), kSent + absl::Hours(24));
  const std::string referral =
      R"("referral":{"source_type":"ad","source_id":"7","ctwa_clid":"abc"},)";
  const iv::Interaction advertised = Parse(referral + Text("x"));
  EXPECT_EQ(channels::FromProto(advertised.session_window_until()), kSent + absl::Hours(72));
  EXPECT_THAT(advertised.channel_facts(), Contains(Pair("referral_id", "7")));
}

TEST(ParseTest, FactThatIsTooLongIsCutAndNamed) {
  const std::string click(kFactMaxBytes + 1, 'c');
  const iv::Interaction message =
      Parse(R"("referral":{"source_type":"ad","source_id":"7","ctwa_clid":")" + click + R"("},)" +
            Text("x"));
  EXPECT_THAT(message.channel_facts(),
              Contains(Pair("referral_click", click.substr(0, kFactMaxBytes))));
  EXPECT_THAT(message.anomalies(), ElementsAre("referral_click was cut"));
}

TEST(ParseTest, FileIsNamedByItsIdAndItsHashIsKept) {
  const iv::Interaction message =
      Parse(R"("type":"document","document":{"caption":"look","filename":"../x/invoice.pdf",)"
            R"("mime_type":"application/pdf","id":"4711","url":"https://lookaside.fbsbx.com/x",)"
            R"("sha256":"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="})");
  ASSERT_THAT(message.parts(), SizeIs(2));
  const types::v1::Media& file = message.parts(0).media();
  EXPECT_EQ(file.vendor_url(), "whatsapp:media/4711");
  EXPECT_EQ(MediaIdOf(file.vendor_url()), "4711");
  EXPECT_EQ(file.file_name(), "invoice.pdf");
  EXPECT_EQ(file.content_type(), "application/pdf");
  EXPECT_EQ(message.parts(1).text().body(), "look");
  EXPECT_THAT(message.channel_facts(),
              Contains(Pair("media_sha256",
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")));
}

TEST(ParseTest, EveryKindOfFileIsAFile) {
  for (const char* type : {"image", "video", "audio", "document", "sticker"}) {
    const iv::Interaction message = Parse(absl::StrCat(
        R"("type":")", type, R"(",")", type, R"(":{"id":"1","mime_type":"a/b","voice":true})"));
    EXPECT_EQ(message.kind(), iv::KIND_MESSAGE) << type;
    EXPECT_TRUE(message.parts(0).has_media()) << type;
    EXPECT_THAT(message.channel_facts(), Contains(Pair("voice", "true"))) << type;
  }
}

TEST(ParseTest, PressedButtonsAreTheirTitleAndTheirId) {
  iv::Interaction pressed =
      Parse(R"("type":"interactive","interactive":{"type":"button_reply","button_reply":)"
            R"({"id":"yes","title":"Yes, please"}})");
  EXPECT_EQ(pressed.parts(0).text().body(), "Yes, please");
  EXPECT_THAT(pressed.channel_facts(), Contains(Pair("button_id", "yes")));

  pressed = Parse(R"("type":"interactive","interactive":{"type":"list_reply","list_reply":)"
                  R"({"id":"r1","title":"Row","description":"of the list"}})");
  EXPECT_EQ(pressed.parts(0).text().body(), "Row");
  EXPECT_THAT(pressed.channel_facts(), Contains(Pair("button_description", "of the list")));

  pressed = Parse(R"("type":"button","button":{"text":"Stop","payload":"p"})");
  EXPECT_EQ(pressed.kind(), iv::KIND_MESSAGE);
  EXPECT_EQ(pressed.parts(0).text().body(), "Stop");
  EXPECT_THAT(pressed.channel_facts(), Contains(Pair("button_payload", "p")));
}

TEST(ParseTest, AnswersToAFlowAreKept) {
  const iv::Interaction message =
      Parse(R"("type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":)"
            R"({"name":"flow","body":"Sent","response_json":"{\"size\":\"M\"}"}})");
  EXPECT_EQ(message.parts(0).text().body(), "Sent");
  EXPECT_THAT(message.channel_facts(), Contains(Pair("flow_response", R"({"size":"M"})")));
}

TEST(ParseTest, PlacesContactsAndOrdersCanBeRead) {
  const iv::Interaction place =
      Parse(R"("type":"location","location":{"latitude":"48.1","longitude":11.5,"name":"Cafe",)"
            R"("address":"Street 1"})");
  EXPECT_DOUBLE_EQ(place.parts(0).location().latitude_degrees(), 48.1);
  EXPECT_EQ(place.parts(0).location().label(), "Cafe, Street 1");

  const iv::Interaction contacts =
      Parse(R"("type":"contacts","contacts":[{"name":{"formatted_name":"Ben"},"phones":)"
            R"([{"phone":"+1 415 555 0199"}],"emails":[{"email":"ben@x.test"}]}])");
  EXPECT_EQ(contacts.parts(0).text().body(), "Ben, +1 415 555 0199, ben@x.test");

  const iv::Interaction order =
      Parse(R"("type":"order","order":{"catalog_id":"c1","text":"asap","product_items":)"
            R"([{"product_retailer_id":"sku-1","quantity":2,"item_price":9.5,"currency":"EUR"}]})");
  EXPECT_EQ(order.parts(0).text().body(), "asap\n2 x sku-1 at 9.5 EUR");
  EXPECT_THAT(order.channel_facts(), Contains(Pair("order_catalog", "c1")));
}

TEST(ParseTest, AnswerToAMessageNamesIt) {
  const iv::Interaction message =
      Parse(R"("context":{"from":"15550000001","id":"wamid.ours","forwarded":true},)" + Text("x"));
  EXPECT_EQ(message.reply_to_vendor_message_id(), "wamid.ours");
  EXPECT_THAT(message.channel_facts(), Contains(Pair("forwarded", "true")));
}

TEST(ParseTest, ReactionNamesItsMessageAndIsTakenBackWithoutAnEmoji) {
  const iv::Interaction reaction =
      Parse(R"("type":"reaction","reaction":{"message_id":"wamid.9","emoji":"\ud83d\udc4d"})");
  EXPECT_EQ(reaction.kind(), iv::KIND_REACTION);
  EXPECT_EQ(reaction.reply_to_vendor_message_id(), "wamid.9");
  EXPECT_EQ(reaction.amends_interaction_id(),
            ParseFirst(OneMessage("wamid.9", Text("x")))->interaction.interaction_id());
  EXPECT_EQ(reaction.parts(0).text().body(), "\xF0\x9F\x91\x8D");
  EXPECT_THAT(Parse(R"("type":"reaction","reaction":{"message_id":"wamid.9"})").parts(), IsEmpty());
}

TEST(ParseTest, EditAndRevocationAmendTheirMessage) {
  const std::string original =
      ParseFirst(OneMessage("wamid.9", Text("x")))->interaction.interaction_id();
  const iv::Interaction edit =
      Parse(R"("type":"edit","edit":{"original_message_id":"wamid.9","message":)"
            R"({"type":"image","image":{"id":"1","caption":"better"}}})");
  EXPECT_EQ(edit.kind(), iv::KIND_EDIT);
  EXPECT_EQ(edit.amends_interaction_id(), original);
  ASSERT_THAT(edit.parts(), SizeIs(1));
  EXPECT_EQ(edit.parts(0).text().body(), "better");

  const iv::Interaction gone =
      Parse(R"("type":"revoke","revoke":{"original_message_id":"wamid.9"})");
  EXPECT_EQ(gone.kind(), iv::KIND_DELETE);
  EXPECT_EQ(gone.amends_interaction_id(), original);
}

TEST(ParseTest, ChangedNumberBringsTheFormerIdentityAlong) {
  const auto parsed = ParseFirst(Body(Change(
      R"("messages":[{"from":"14155550123","id":"wamid.1","timestamp":"1795350000",)"
      R"("type":"system","system":{"body":"User Ana changed from A to B","wa_id":"14155550124",)"
      R"("user_id":"US.2","previous_user_id":"US.1","type":"user_changed_number"}}])")));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const iv::Interaction& message = parsed->interaction;
  EXPECT_TRUE(message.automatic());
  EXPECT_EQ(message.automatic_reason(), "system/user_changed_number");
  EXPECT_FALSE(message.has_session_window_until());
  EXPECT_EQ(message.sender().identifier().value(), "US.2");
  std::vector<std::string> also;
  for (const auto& identifier : message.sender().also()) also.push_back(identifier.value());
  EXPECT_THAT(also, ElementsAre("+14155550124", "US.1", "+14155550123"));
}

TEST(ParseTest, ChangedUserIdAloneIsUnderstoodToo) {
  const auto parsed = ParseFirst(Body(Change(
      R"("messages":[{"from_user_id":"US.1","id":"wamid.1","timestamp":"1795350000",)"
      R"("type":"system","system":{"body":"changed","user_id":"US.2","previous_user_id":"US.1",)"
      R"("type":"user_changed_user_id"}}])")));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->interaction.sender().identifier().value(), "US.2");
  ASSERT_THAT(parsed->interaction.sender().also(), SizeIs(1));
  EXPECT_EQ(parsed->interaction.sender().also(0).value(), "US.1");
}

TEST(ParseTest, UnknownTypesAreKeptAsSuch) {
  const iv::Interaction unknown =
      Parse(R"("type":"unsupported","unsupported":{"type":"poll"},"errors":[{"code":131051}])");
  EXPECT_EQ(unknown.kind(), iv::KIND_UNSUPPORTED);
  EXPECT_THAT(unknown.channel_facts(), Contains(Pair("unsupported_type", "poll")));
  EXPECT_THAT(unknown.channel_facts(), Contains(Pair("error_code", "131051")));
  EXPECT_TRUE(unknown.has_session_window_until());
  EXPECT_EQ(Parse(R"("type":"hologram","hologram":{})").kind(), iv::KIND_UNSUPPORTED);
  EXPECT_EQ(Parse(R"("type":"image","image":{"caption":"no id"})").kind(), iv::KIND_UNSUPPORTED);
  EXPECT_EQ(Parse(R"("type":"location","location":{"latitude":91,"longitude":0})").kind(),
            iv::KIND_UNSUPPORTED);
}

TEST(ParseTest, OpenedChatWaitsForNobody) {
  EXPECT_TRUE(Parse(R"("type":"request_welcome")").automatic());
}

TEST(ParseTest, PreferenceAboutMarketingIsConsentAndForbidsNoAnswer) {
  const auto preference = [](const std::string& value) {
    return ParseFirst(Body(Change(
        absl::StrCat(Contacts(), R"(,"user_preferences":[{"wa_id":"14155550123","user_id":")",
                     kUserId, R"(","detail":"x","category":"marketing_messages","value":")", value,
                     R"(","timestamp":1795350000}])"),
        kNumberId, "user_preferences")));
  };
  const auto stopped = preference("stop");
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->interaction.kind(), iv::KIND_CONSENT);
  EXPECT_EQ(stopped->interaction.consent().action(), iv::Consent::ACTION_OPT_OUT);
  EXPECT_EQ(stopped->interaction.consent().purpose(), "marketing");
  EXPECT_EQ(stopped->interaction.sender().identifier().value(), kUserId);
  EXPECT_EQ(preference("stop")->event_id, stopped->event_id);
  EXPECT_NE(preference("resume")->event_id, stopped->event_id);
  EXPECT_EQ(preference("resume")->interaction.consent().action(), iv::Consent::ACTION_OPT_IN);
}

TEST(ParseTest, WhatWeWroteWithTheVendorsOwnAppIsOutbound) {
  const auto parsed = ParseFirst(
      Body(Change(R"("message_echoes":[{"from":"15550000001","to":"14155550123","id":"wamid.1",)"
                  R"("timestamp":"1795350000","type":"text","text":{"body":"from the app"}}])",
                  kNumberId, "smb_message_echoes")));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->interaction.direction(), iv::DIRECTION_OUTBOUND);
  EXPECT_EQ(parsed->interaction.sender().identifier().value(), "+14155550123");
  EXPECT_FALSE(parsed->interaction.has_session_window_until());
}

TEST(ParseTest, WithoutAnIdOrASenderNothingCanBeAttributed) {
  EXPECT_FALSE(ParseFirst(OneMessage("", Text("x"))).ok());
  EXPECT_FALSE(ParseFirst(OneMessage("two words", Text("x"))).ok());
  const auto nobody = ParseFirst(
      Body(Change(absl::StrCat(R"("messages":[)", Message("wamid.1", Text("x"), "", ""), "]"))));
  EXPECT_FALSE(nobody.ok());
}

}  // namespace
}  // namespace trama::whatsapp
