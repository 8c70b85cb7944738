#include "services/channels/open/send.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/event.h"
#include "services/channels/open/testing/events.h"

namespace trama::open_channel {
namespace {

using channels::SendOutcome;
using delivery::v1::Failure;
using testing::Account;
using ::testing::HasSubstr;
using testing::Json;

outbound::v1::OutboundMessage Message() {
  outbound::v1::OutboundMessage message;
  message.set_message_id("m1");
  message.set_conversation_id("c1");
  message.set_recipient_address("u1");
  message.set_recipient_display_name("Ana");
  message.set_in_reply_to("their-message");
  message.mutable_author()->set_kind(types::v1::Actor::KIND_AGENT);
  message.mutable_author()->set_id("bruno");
  message.add_parts()->mutable_text()->set_body("Hello");
  channels::SetProto(testing::kNow, message.mutable_created_at());
  return message;
}

TEST(SendTest, MessageIsAnEventLikeThoseThatComeIn) {
  EXPECT_EQ(Json::parse(BuildBody(Account(), Message(), {})), Json::parse(R"({
      "type": "message", "id": "m1", "occurred_at": "2023-11-14T22:13:20.000Z",
      "workspace": "demo", "account": "shop", "conversation_id": "c1",
      "user": {"id": "u1", "name": "Ana"},
      "message": {"id": "m1", "text": "Hello", "reply_to": "their-message"},
      "author": {"kind": "agent"}, "automatic": false})"));
}

TEST(SendTest, FilesAreNamedByTheirAddresses) {
  outbound::v1::OutboundMessage message = Message();
  types::v1::Media* media = message.add_parts()->mutable_media();
  media->set_content_type("image/png");
  media->set_size_bytes(12);
  media->set_file_name("a.png");
  const Json body = Json::parse(BuildBody(Account(), message, {"https://x.example/1"}));
  EXPECT_EQ(body["message"]["attachments"],
            Json::parse(R"([{"url": "https://x.example/1", "mime": "image/png", "size": 12,
                             "name": "a.png"}])"));
}

TEST(SendTest, RepeatIsTheSameBytes) {
  EXPECT_EQ(BuildBody(Account(), Message(), {}), BuildBody(Account(), Message(), {}));
}

TEST(SendTest, AnythingInTwoHundredIsSent) {
  for (const int status : {200, 201, 202, 204}) {
    const SendOutcome outcome = OutcomeOfAnswer(status, "", absl::ZeroDuration(), "m1");
    EXPECT_EQ(outcome.kind, SendOutcome::Kind::kSent) << status;
    EXPECT_EQ(outcome.vendor_message_id, "m1");
  }
}

TEST(SendTest, AnswerMayNameTheMessage) {
  const auto id_of = [](std::string_view body) {
    return OutcomeOfAnswer(200, body, absl::ZeroDuration(), "m1").vendor_message_id;
  };
  EXPECT_EQ(id_of(R"({"external_id":"theirs-7"})"), "theirs-7");
  for (const char* body :
       {"ok", "[]", R"({"external_id":7})", R"({"external_id":""})", R"({"external_id":"a\nb"})"}) {
    EXPECT_EQ(id_of(body), "m1") << body;
  }
}

TEST(SendTest, RefusalsAreFinal) {
  const std::pair<int, Failure::Reason> kRefusals[] = {
      {400, Failure::REASON_OTHER},           {401, Failure::REASON_NOT_AUTHORISED},
      {403, Failure::REASON_NOT_AUTHORISED},  {404, Failure::REASON_OTHER},
      {410, Failure::REASON_OTHER},           {413, Failure::REASON_TOO_LONG},
      {422, Failure::REASON_REJECTED_CONTENT}};
  for (const auto& [status, reason] : kRefusals) {
    const SendOutcome outcome = OutcomeOfAnswer(status, "", absl::Seconds(3), "m1");
    EXPECT_EQ(outcome.kind, SendOutcome::Kind::kFailed) << status;
    EXPECT_EQ(outcome.failure.reason(), reason) << status;
    EXPECT_FALSE(outcome.failure.retryable()) << status;
  }
}

TEST(SendTest, EverythingElseIsTriedAgainNotBeforeTheirWait) {
  for (const int status : {302, 408, 409, 425, 429, 500, 502, 503, 504}) {
    const SendOutcome outcome = OutcomeOfAnswer(status, "", absl::Seconds(3), "m1");
    EXPECT_EQ(outcome.kind, SendOutcome::Kind::kRetry) << status;
    EXPECT_EQ(outcome.retry_after, absl::Seconds(3)) << status;
    EXPECT_EQ(outcome.account_wide, status == 429) << status;
  }
}

TEST(SendTest, WhatTheChannelDoesNotCarryIsNotTried) {
  outbound::v1::OutboundMessage message = Message();
  message.mutable_parts(0)->mutable_text()->set_body(std::string(kTextCodePointsMax + 1, 'x'));
  EXPECT_THAT(std::string(CheckSend(Account(), message).message()), HasSubstr("text of 10001"));
  message.mutable_parts(0)->mutable_location();
  EXPECT_EQ(CheckSend(Account(), message).code(), absl::StatusCode::kInvalidArgument);
  message.clear_parts();
  EXPECT_EQ(CheckSend(Account(), message).code(), absl::StatusCode::kInvalidArgument);
}

TEST(SendTest, AccountWithoutACallbackOnlyTakesIn) {
  OpenAccountView account = Account();
  account.callback_url.clear();
  EXPECT_EQ(CheckSend(account, Message()).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace trama::open_channel
