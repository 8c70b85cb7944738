#include "services/channels/whatsapp/send.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/json_fields.h"
#include "services/channels/whatsapp/media_api.h"
#include "services/channels/whatsapp/send_content.h"

namespace trama::whatsapp {
namespace {

using channels::SendOutcome;
using delivery::v1::Failure;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'795'350'000);

WhatsAppAccountView OurAccount() {
  WhatsAppAccountView account;
  account.workspace = "demo";
  account.name = "main";
  account.phone_number_id = "900001";
  account.api = "https://graph.facebook.com/v26.0";
  return account;
}

outbound::v1::OutboundMessage Empty(const std::string& address = "14155550123") {
  outbound::v1::OutboundMessage message;
  message.set_message_id("m1");
  message.set_conversation_id("c1");
  message.set_partition(1);
  message.set_recipient_address(address);
  return message;
}

outbound::v1::OutboundMessage Text(const std::string& text) {
  outbound::v1::OutboundMessage message = Empty();
  message.add_parts()->mutable_text()->set_body(text);
  return message;
}

outbound::v1::OutboundMessage File(const std::string& type, int64_t bytes = 1000) {
  outbound::v1::OutboundMessage message = Empty();
  types::v1::Media& media = *message.add_parts()->mutable_media();
  media.set_blob("demo/x/y");
  media.set_content_type(type);
  media.set_size_bytes(bytes);
  media.set_file_name("f.bin");
  return message;
}

Json BodyOf(const outbound::v1::OutboundMessage& message, const std::string& media_id = "") {
  return *ParseJson(BuildSend(OurAccount(), message, media_id).body);
}

Failure::Reason Refusal(const outbound::v1::OutboundMessage& message) {
  const auto failure = CheckSend(message, kNow);
  return failure.has_value() ? failure->reason() : Failure::REASON_UNSPECIFIED;
}

TEST(SendTest, TextGoesToTheNumberWithOurIdsBesideIt) {
  const VendorRequest request = BuildSend(OurAccount(), Text("hello"), "");
  EXPECT_EQ(request.url, "https://graph.facebook.com/v26.0/900001/messages");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(*ParseJson(request.body),
            *ParseJson(R"({"messaging_product":"whatsapp","recipient_type":"individual",
                           "to":"14155550123","type":"text",
                           "text":{"body":"hello","preview_url":false},
                           "biz_opaque_callback_data":"trama1:1:c1:m1"})"));
}

TEST(SendTest, UserWithoutANumberIsTheRecipient) {
  outbound::v1::OutboundMessage message = Text("hello");
  message.set_recipient_address("US.1349");
  EXPECT_EQ(BodyOf(message)["recipient"], "US.1349");
  EXPECT_FALSE(BodyOf(message).contains("to"));
  message.set_recipient_address("");
  message.mutable_recipient()->set_value("+14155550123");
  EXPECT_EQ(BodyOf(message)["to"], "14155550123");
  message.mutable_recipient()->set_value("ana@x.test");
  EXPECT_EQ(Refusal(message), Failure::REASON_INVALID_RECIPIENT);
}

TEST(SendTest, FileIsSentByTheIdOfItsUploadWithTheTextAsCaption) {
  outbound::v1::OutboundMessage message = File("application/pdf");
  message.add_parts()->mutable_text()->set_body("look");
  ASSERT_EQ(Refusal(message), Failure::REASON_UNSPECIFIED);
  const Json body = BodyOf(message, "4711");
  EXPECT_EQ(body["type"], "document");
  EXPECT_EQ(body["document"]["id"], "4711");
  EXPECT_EQ(body["document"]["caption"], "look");
  EXPECT_EQ(body["document"]["filename"], "f.bin");
}

TEST(SendTest, FileTypesHaveTheVendorsWordsAndLargeOnesAreDocuments) {
  const std::tuple<const char*, int64_t, const char*> cases[] = {
      {"image/jpeg", 1000, "image"},          {"image/png", 6 << 20, "document"},
      {"image/gif", 1000, "document"},        {"image/webp", 1000, "sticker"},
      {"video/mp4", 1000, "video"},           {"video/mp4", 17 << 20, "document"},
      {"audio/ogg; codecs=opus", 1, "audio"}, {"text/plain", 1, "document"},
  };
  for (const auto& [type, bytes, word] : cases) {
    EXPECT_EQ(BodyOf(File(type, bytes), "1")["type"], word) << type;
  }
}

TEST(SendTest, WhatTheChannelCannotCarryIsRefusedWithoutACall) {
  EXPECT_EQ(Refusal(Empty()), Failure::REASON_REJECTED_CONTENT);
  EXPECT_EQ(Refusal(Text(std::string(4097, 'x'))), Failure::REASON_TOO_LONG);
  outbound::v1::OutboundMessage message = File("audio/ogg");
  message.add_parts()->mutable_text()->set_body("no caption there");
  EXPECT_EQ(Refusal(message), Failure::REASON_REJECTED_CONTENT);
  message = File("image/png");
  message.add_parts()->mutable_text()->set_body(std::string(1025, 'x'));
  EXPECT_EQ(Refusal(message), Failure::REASON_TOO_LONG);
  message = File("image/png");
  *message.add_parts() = message.parts(0);
  EXPECT_EQ(Refusal(message), Failure::REASON_REJECTED_CONTENT);
  message = Text("<b>x</b>");
  message.mutable_parts(0)->mutable_text()->set_format(types::v1::Text::FORMAT_HTML);
  EXPECT_EQ(Refusal(message), Failure::REASON_REJECTED_CONTENT);
}

TEST(SendTest, AfterTheWindowOnlyATemplateIsSent) {
  outbound::v1::OutboundMessage message = Text("hello");
  channels::SetProto(kNow + absl::Seconds(1), message.mutable_session_window_until());
  EXPECT_EQ(Refusal(message), Failure::REASON_UNSPECIFIED);
  channels::SetProto(kNow, message.mutable_session_window_until());
  EXPECT_EQ(Refusal(message), Failure::REASON_WINDOW_CLOSED);
  EXPECT_THAT(CheckSend(message, kNow)->detail(), HasSubstr("send a template"));
  message.mutable_parts(0)->mutable_template_()->set_name("welcome_back");
  message.mutable_parts(0)->mutable_template_()->set_language("en_US");
  EXPECT_EQ(Refusal(message), Failure::REASON_UNSPECIFIED);
}

TEST(SendTest, TemplateCarriesItsParametersInTheirPlaces) {
  outbound::v1::OutboundMessage message = Empty();
  types::v1::Template& given = *message.add_parts()->mutable_template_();
  given.set_name("order_update");
  given.set_language("pt_BR");
  given.mutable_header_media()->set_blob("demo/x/y");
  given.mutable_header_media()->set_content_type("image/png");
  given.add_body()->set_text("Ana");
  types::v1::TemplateButton& button = *given.add_buttons();
  button.set_kind(types::v1::TemplateButton::KIND_URL);
  button.set_index(1);
  button.set_value("42");
  ASSERT_EQ(Refusal(message), Failure::REASON_UNSPECIFIED);
  ASSERT_NE(FileOf(message), nullptr);
  EXPECT_EQ(BodyOf(message, "4711")["template"],
            *ParseJson(R"({"name":"order_update","language":{"code":"pt_BR"},"components":[
              {"type":"header","parameters":[{"type":"image","image":{"id":"4711"}}]},
              {"type":"body","parameters":[{"type":"text","text":"Ana"}]},
              {"type":"button","sub_type":"url","index":"1",
               "parameters":[{"type":"text","text":"42"}]}]})"));
  message.add_parts()->mutable_text()->set_body("and a text");
  EXPECT_EQ(Refusal(message), Failure::REASON_REJECTED_CONTENT);
}

types::v1::Interactive Menu(int choices) {
  types::v1::Interactive given;
  given.set_body("pick");
  given.mutable_menu()->set_title("Menu");
  types::v1::Interactive::Section& section = *given.mutable_menu()->add_sections();
  for (int i = 0; i < choices; ++i) {
    types::v1::Choice& choice = *section.add_choices();
    choice.set_id(absl::StrCat("id", i));
    choice.set_title(absl::StrCat("Title ", i));
  }
  return given;
}

TEST(SendTest, ChoicesAreButtonsOrAMenu) {
  outbound::v1::OutboundMessage message = Empty();
  *message.add_parts()->mutable_interactive() = Menu(1);
  ASSERT_EQ(Refusal(message), Failure::REASON_UNSPECIFIED);
  EXPECT_EQ(BodyOf(message)["interactive"],
            *ParseJson(R"({"type":"list","action":{"button":"Menu","sections":[{"rows":[
                           {"id":"id0","title":"Title 0"}]}]},"body":{"text":"pick"}})"));
}

TEST(SendTest, LimitsOfChoicesAreNamed) {
  EXPECT_TRUE(CheckInteractive(Menu(10)).ok());
  EXPECT_THAT(CheckInteractive(Menu(11)).message(), HasSubstr("11 choices of a menu"));
  EXPECT_FALSE(CheckInteractive(Menu(0)).ok());
  types::v1::Interactive twice = Menu(2);
  twice.mutable_menu()->mutable_sections(0)->mutable_choices(1)->set_id("id0");
  EXPECT_THAT(CheckInteractive(twice).message(), HasSubstr("stands there twice"));
  types::v1::Interactive buttons;
  buttons.set_body("pick");
  for (int i = 0; i < 4; ++i) {
    types::v1::Choice& choice = *buttons.mutable_buttons()->add_choices();
    choice.set_id(absl::StrCat(i));
    choice.set_title("t");
  }
  EXPECT_THAT(CheckInteractive(buttons).message(), HasSubstr("4 buttons"));
  EXPECT_FALSE(CheckInteractive(types::v1::Interactive()).ok());
}

SendOutcome Answer(int status, const std::string& body) {
  return OutcomeOfAnswer(status, body, absl::ZeroDuration());
}

std::string Error(int code) {
  return absl::StrCat(R"({"error":{"message":"x","type":"OAuthException","code":)", code, "}}");
}

TEST(AnswerTest, MessageIdMeansSent) {
  const SendOutcome sent =
      Answer(200, R"({"contacts":[{"input":"1","wa_id":"1"}],)"
                  R"("messages":[{"id":"wamid.X","message_status":"accepted"}]})");
  EXPECT_EQ(sent.kind, SendOutcome::Kind::kSent);
  EXPECT_EQ(sent.vendor_message_id, "wamid.X");
  EXPECT_EQ(sent.vendor_status, "accepted");
}

TEST(AnswerTest, RefusalsThatMayPassAreTriedAgain) {
  for (const auto& [status, code] :
       {std::pair{400, 130429}, {429, 4}, {400, 131056}, {503, 131016}, {500, 2}, {400, 1}}) {
    EXPECT_EQ(Answer(status, Error(code)).kind, SendOutcome::Kind::kRetry) << code;
  }
  EXPECT_TRUE(Answer(400, Error(130429)).account_wide);
  EXPECT_TRUE(Answer(429, "").account_wide);
  EXPECT_FALSE(Answer(400, Error(131056)).account_wide);
  EXPECT_GE(Answer(400, Error(131056)).retry_after, absl::Seconds(6));
}

TEST(AnswerTest, WhatProvesNothingIsAmbiguous) {
  for (const auto& [status, body] : {std::pair{500, std::string()},
                                     {502, std::string("<html>")},
                                     {500, Error(131000)},
                                     {500, Error(1)},
                                     {200, std::string("{}")},
                                     {200, std::string("<html>")}}) {
    EXPECT_EQ(Answer(status, body).kind, SendOutcome::Kind::kAmbiguous) << status << body;
  }
}

TEST(AnswerTest, OtherRefusalsAreFinalAndSayWhy) {
  const SendOutcome closed = Answer(400, Error(131047));
  EXPECT_EQ(closed.kind, SendOutcome::Kind::kFailed);
  EXPECT_EQ(closed.failure.reason(), Failure::REASON_WINDOW_CLOSED);
  EXPECT_EQ(closed.failure.vendor_code(), "131047");
  EXPECT_EQ(Answer(401, Error(190)).failure.reason(), Failure::REASON_NOT_AUTHORISED);
  EXPECT_EQ(Answer(404, "").kind, SendOutcome::Kind::kFailed);
  EXPECT_EQ(Answer(400, Error(777777)).kind, SendOutcome::Kind::kFailed);
  // 2^32 + 131056, which is no code at all.
  const SendOutcome odd = Answer(400, R"({"error":{"code":4295098352}})");
  EXPECT_EQ(odd.kind, SendOutcome::Kind::kFailed);
  EXPECT_EQ(odd.failure.vendor_code(), "http 400");
}

TEST(MediaApiTest, UploadIsAFormThatTheVendorReads) {
  const VendorRequest upload =
      BuildUpload(OurAccount(), "a\"b\r\n.png", "image/png", "BYTES", "bnd");
  EXPECT_EQ(upload.url, "https://graph.facebook.com/v26.0/900001/media");
  EXPECT_EQ(upload.content_type, "multipart/form-data; boundary=bnd");
  EXPECT_EQ(
      upload.body,
      "--bnd\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
      "--bnd\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/png\r\n"
      "--bnd\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a_b__.png\"\r\n"
      "Content-Type: image/png\r\n\r\nBYTES\r\n--bnd--\r\n");
}

TEST(MediaApiTest, DoubtfulUploadIsMadeAgainAndARefusedOneNot) {
  const auto outcome = [](int status, const std::string& body) {
    return OutcomeOfUpload(status, body, absl::ZeroDuration());
  };
  EXPECT_EQ(outcome(200, R"({"id":"4711"})").media_id, "4711");
  EXPECT_EQ(outcome(500, "").failed.kind, SendOutcome::Kind::kRetry);
  EXPECT_EQ(outcome(200, "<html>").failed.kind, SendOutcome::Kind::kRetry);
  EXPECT_EQ(outcome(400, Error(131053)).failed.kind, SendOutcome::Kind::kFailed);
}

TEST(MediaApiTest, PlaceOfAFileIsReadWithItsHash) {
  const std::string hash(64, 'A');
  const auto place = ReadMediaPlace(
      200, absl::StrCat(R"({"url":"https://lookaside.fbsbx.com/x","sha256":")", hash, R"("})"));
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(place->url, "https://lookaside.fbsbx.com/x");
  EXPECT_EQ(place->sha256, std::string(64, 'a'));
  const std::pair<int, absl::StatusCode> refusals[] = {
      {404, absl::StatusCode::kNotFound},         {400, absl::StatusCode::kNotFound},
      {401, absl::StatusCode::kPermissionDenied}, {500, absl::StatusCode::kUnavailable},
      {429, absl::StatusCode::kUnavailable},      {418, absl::StatusCode::kInvalidArgument},
  };
  for (const auto& [status, code] : refusals) {
    EXPECT_EQ(ReadMediaPlace(status, Error(100)).status().code(), code) << status;
  }
  for (const int status : {400, 403}) {
    for (const int code : {1, 2, 4, 80007, 131000, 130429}) {
      EXPECT_EQ(ReadMediaPlace(status, Error(code)).status().code(), absl::StatusCode::kUnavailable)
          << status << " " << code;
    }
  }
  EXPECT_THAT(BuildMediaQuestion(OurAccount(), "4711").url,
              HasSubstr("/v26.0/4711?phone_number_id=900001"));
}

}  // namespace
}  // namespace trama::whatsapp
