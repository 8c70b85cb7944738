#include "services/channels/sms/send.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::sms {
namespace {

using channels::SendOutcome;
using delivery::v1::Failure;
using outbound::v1::OutboundMessage;
using ::testing::HasSubstr;
using ::testing::Not;
using SendKind = SendOutcome::Kind;

SmsAccountView OurAccount() {
  SmsAccountView account;
  account.workspace = "demo";
  account.name = "main";
  account.numbers = {"+14155550199", "+14155550198"};
  account.account_sid = "AC1";
  account.public_base_url = "https://sms.firm.test";
  account.api_base_url = "https://api.twilio.com";
  return account;
}

OutboundMessage Message(const std::string& text = "Hi & bye") {
  OutboundMessage message;
  message.set_message_id("m-1");
  message.set_conversation_id("c-1");
  message.set_partition(2);
  message.mutable_recipient()->set_kind(types::v1::IDENTIFIER_KIND_PHONE);
  message.set_recipient_address("+5511987654321");
  message.add_parts()->mutable_text()->set_body(text);
  return message;
}

TEST(BuildSendTest, RequestIsTheVendorsForm) {
  const BuiltSend built = BuildSend(OurAccount(), Message(), {});
  ASSERT_TRUE(built.ok);
  EXPECT_EQ(built.request.method, "POST");
  EXPECT_EQ(built.request.url, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
  EXPECT_EQ(built.request.body,
            "To=%2B5511987654321&From=%2B14155550199&Body=Hi%20%26%20bye"
            "&StatusCallback=https%3A%2F%2Fsms.firm.test%2Fsms%2Fdemo%2Fmain%2Fstatus"
            "%3Fm%3Dm-1%26c%3Dc-1%26p%3D2%23rc%3D5%26rp%3Dall");
  EXPECT_EQ(built.segments, 1);
}

TEST(BuildSendTest, MessagingServiceSendsInPlaceOfTheNumber) {
  SmsAccountView account = OurAccount();
  account.messaging_service_sid = "MG1";
  const BuiltSend built = BuildSend(account, Message(), {});
  EXPECT_THAT(built.request.body, HasSubstr("MessagingServiceSid=MG1"));
  EXPECT_THAT(built.request.body, Not(HasSubstr("From=")));
}

TEST(BuildSendTest, TextPartsAreLines) {
  OutboundMessage message = Message("one");
  message.add_parts()->mutable_text()->set_body("two");
  EXPECT_THAT(BuildSend(OurAccount(), message, {}).request.body, HasSubstr("Body=one%0Atwo"));
}

TEST(BuildSendTest, FilesGoByTheirAddress) {
  OutboundMessage message = Message();
  message.add_parts()->mutable_media()->set_content_type("image/png");
  const BuiltSend built = BuildSend(OurAccount(), message, {"https://f.test/1"});
  EXPECT_THAT(built.request.body, HasSubstr("&MediaUrl=https%3A%2F%2Ff.test%2F1&"));
}

TEST(BuildSendTest, WhatCannotWorkIsRefusedWithoutTheVendor) {
  EXPECT_EQ(BuildSend(OurAccount(), Message(std::string(1601, 'a')), {}).failure.reason(),
            Failure::REASON_TOO_LONG);

  OutboundMessage name = Message();
  name.mutable_recipient()->set_kind(types::v1::IDENTIFIER_KIND_SMS_SENDER);
  EXPECT_EQ(BuildSend(OurAccount(), name, {}).failure.reason(), Failure::REASON_INVALID_RECIPIENT);

  OutboundMessage nobody = Message();
  nobody.clear_recipient_address();
  EXPECT_EQ(BuildSend(OurAccount(), nobody, {}).failure.reason(),
            Failure::REASON_INVALID_RECIPIENT);

  OutboundMessage empty = Message();
  empty.clear_parts();
  EXPECT_EQ(BuildSend(OurAccount(), empty, {}).failure.reason(), Failure::REASON_REJECTED_CONTENT);

  SmsAccountView account = OurAccount();
  account.numbers.clear();
  EXPECT_EQ(BuildSend(account, Message(), {}).failure.reason(), Failure::REASON_NOT_AUTHORISED);

  OutboundMessage file = Message();
  file.add_parts()->mutable_media()->set_content_type("application/zip");
  EXPECT_EQ(BuildSend(OurAccount(), file, {}).failure.reason(), Failure::REASON_REJECTED_CONTENT);
}

TEST(OutcomeTest, AcceptedMessageHasIdAndSegments) {
  const SendOutcome outcome = OutcomeOfAnswer(
      201, R"({"sid":"SM1","status":"queued","num_segments":"2","error_code":null})", {}, 1);
  EXPECT_EQ(outcome.kind, SendKind::kSent);
  EXPECT_EQ(outcome.vendor_message_id, "SM1");
  EXPECT_EQ(outcome.vendor_status, "queued");
  EXPECT_EQ(outcome.segments, 2);
  EXPECT_EQ(OutcomeOfAnswer(201, R"({"sid":"SM1"})", {}, 3).segments, 3);
}

struct SendCase {
  int http;
  int code;  // 0: no JSON.
  SendKind kind;
  Failure::Reason reason;
};

TEST(OutcomeTest, EveryAnswerHasItsClass) {
  const SendCase cases[] = {
      {429, 20429, SendKind::kRetry, Failure::REASON_RATE_LIMITED},
      {429, 0, SendKind::kRetry, Failure::REASON_RATE_LIMITED},
      {400, 20429, SendKind::kRetry, Failure::REASON_RATE_LIMITED},
      {400, 21611, SendKind::kRetry, Failure::REASON_RATE_LIMITED},
      {503, 0, SendKind::kRetry, Failure::REASON_VENDOR_DOWN},
      {408, 0, SendKind::kRetry, Failure::REASON_OTHER},
      {500, 0, SendKind::kAmbiguous, Failure::REASON_VENDOR_DOWN},
      {500, 20500, SendKind::kAmbiguous, Failure::REASON_OTHER},
      {502, 0, SendKind::kAmbiguous, Failure::REASON_VENDOR_DOWN},
      {504, 0, SendKind::kAmbiguous, Failure::REASON_VENDOR_DOWN},
      {200, 0, SendKind::kAmbiguous, Failure::REASON_OTHER},
      {400, 21211, SendKind::kFailed, Failure::REASON_INVALID_RECIPIENT},
      {400, 21212, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {403, 21408, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {400, 21606, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {400, 21608, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {400, 21610, SendKind::kFailed, Failure::REASON_OPTED_OUT},
      {400, 21612, SendKind::kFailed, Failure::REASON_UNREACHABLE},
      {400, 21614, SendKind::kFailed, Failure::REASON_INVALID_RECIPIENT},
      {400, 21617, SendKind::kFailed, Failure::REASON_TOO_LONG},
      {400, 30034, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {400, 30032, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {401, 20003, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {401, 0, SendKind::kFailed, Failure::REASON_NOT_AUTHORISED},
      {404, 0, SendKind::kFailed, Failure::REASON_OTHER},
      {422, 0, SendKind::kFailed, Failure::REASON_OTHER},
      {301, 0, SendKind::kFailed, Failure::REASON_OTHER},
  };
  for (const SendCase& c : cases) {
    const std::string body =
        c.code == 0 ? "<html>" : absl::StrCat(R"({"code":)", c.code, R"(,"message":"x"})");
    const SendOutcome outcome = OutcomeOfAnswer(c.http, body, {}, 1);
    EXPECT_EQ(outcome.kind, c.kind) << c.http << " " << c.code;
    EXPECT_EQ(outcome.failure.reason(), c.reason) << c.http << " " << c.code;
  }
}

TEST(OutcomeTest, RateLimitHoldsTheWholeAccountForAsLongAsTheVendorSays) {
  const SendOutcome outcome = OutcomeOfAnswer(429, "", absl::Seconds(7), 1);
  EXPECT_TRUE(outcome.account_wide);
  EXPECT_EQ(outcome.retry_after, absl::Seconds(7));
  EXPECT_FALSE(OutcomeOfAnswer(503, "", {}, 1).account_wide);
}

TEST(OutcomeTest, VendorsTextIsNotCopiedBecauseItQuotesNumbers) {
  const SendOutcome outcome = OutcomeOfAnswer(
      400, R"({"code":21211,"message":"The 'To' number +15005550001 is not valid"})", {}, 1);
  EXPECT_THAT(outcome.failure.detail(), Not(HasSubstr("1500")));
  EXPECT_EQ(outcome.failure.vendor_code(), "21211");
}

TEST(OutcomeTest, MessageThatWasTakenAndFailedAtOnceIsFailed) {
  const SendOutcome outcome =
      OutcomeOfAnswer(201, R"({"sid":"SM1","status":"failed","error_code":30034})", {}, 1);
  EXPECT_EQ(outcome.kind, SendKind::kFailed);
  EXPECT_EQ(outcome.failure.reason(), Failure::REASON_NOT_AUTHORISED);
}

TEST(OutcomeTest, SilenceIsAmbiguousOnlyWhenBytesHaveLeft) {
  EXPECT_EQ(OutcomeOfSilence(false, "refused").kind, SendKind::kRetry);
  EXPECT_EQ(OutcomeOfSilence(true, "reset").kind, SendKind::kAmbiguous);
}

TEST(OutcomeTest, HostileJsonIsSurvived) {
  for (const char* body : {"", "[]", "null", R"({"sid":5})", R"({"code":"x"})", "{\"sid\":\"SM1\"",
                           R"({"code":99999999999999999999})", "\xff\xfe",
                           // 2^32 + 20429; an id that is none.
                           R"({"code":4294987725})", R"({"sid":"SM 1\n"})"}) {
    EXPECT_NE(OutcomeOfAnswer(201, body, {}, 1).kind, SendKind::kSent) << body;
    EXPECT_EQ(OutcomeOfAnswer(400, body, {}, 1).kind, SendKind::kFailed) << body;
  }
}

}  // namespace
}  // namespace trama::sms
