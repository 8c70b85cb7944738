#include "services/channels/sms/find.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace trama::sms {
namespace {

using FindKind = channels::FindOutcome::Kind;

// Mon, 23 Nov 2026 06:15:00 UTC.
const absl::Time kStarted = absl::FromUnixSeconds(1'795'414'500);

outbound::v1::OutboundMessage Wanted() {
  outbound::v1::OutboundMessage message;
  message.set_recipient_address("+5511987654321");
  message.add_parts()->mutable_text()->set_body("hello");
  return message;
}

std::string Listed(const std::string& sid, const std::string& body, const std::string& time,
                   const std::string& direction = "outbound-api") {
  return absl::StrCat(R"({"sid":")", sid, R"(","body":")", body,
                      R"(","to":"+5511987654321","status":"sent","direction":")", direction,
                      R"(","date_created":"Mon, 23 Nov 2026 )", time, R"( +0000"})");
}

FindKind Find(const std::vector<std::string>& messages, const std::set<std::string>& taken = {},
              int http = 200) {
  const std::string body =
      absl::StrCat(R"({"page_size":50,"messages":[)", absl::StrJoin(messages, ","), "]}");
  return OutcomeOfFind(http, body, Wanted(), kStarted, taken).kind;
}

TEST(FindTest, AsksForTheMessagesToTheRecipient) {
  SmsAccountView account;
  account.account_sid = "AC1";
  account.api_base_url = "http://127.0.0.1:4010";
  EXPECT_EQ(BuildFind(account, Wanted()).url,
            "http://127.0.0.1:4010/2010-04-01/Accounts/AC1/Messages.json?To=%2B5511987654321"
            "&PageSize=50");
}

TEST(FindTest, MessageWithOurTextMadeSinceTheAttemptIsOurs) {
  EXPECT_EQ(Find({Listed("SM2", "hello", "06:15:01")}), FindKind::kFound);
  EXPECT_EQ(Find({Listed("SM2", "hello", "06:14:59")}), FindKind::kFound);
}

TEST(FindTest, EarlierMessagesAreNotOurs) {
  EXPECT_EQ(Find({Listed("SM1", "hello", "06:10:00")}), FindKind::kNotFound);
  EXPECT_EQ(Find({}), FindKind::kNotFound);
}

TEST(FindTest, MessagesOfOtherOutboundRecordsAreNotOurs) {
  EXPECT_EQ(Find({Listed("SM2", "hello", "06:15:01")}, {"SM2"}), FindKind::kNotFound);
}

TEST(FindTest, WhatTheCustomerSentIsNotOurs) {
  EXPECT_EQ(Find({Listed("SM2", "hello", "06:15:01", "inbound")}), FindKind::kNotFound);
}

TEST(FindTest, AnotherTextSinceThenLeavesADoubt) {
  EXPECT_EQ(Find({Listed("SM2", "hello http://short", "06:15:01")}), FindKind::kCannotTell);
}

TEST(FindTest, FullPageThatDoesNotReachBackProvesNothing) {
  std::vector<std::string> page;
  std::set<std::string> taken;
  for (int i = 0; i < kFindPageSize; ++i) {
    page.push_back(Listed(absl::StrCat("SM", i), "hello", "06:15:30"));
    taken.insert(absl::StrCat("SM", i));
  }
  EXPECT_EQ(Find(page, taken), FindKind::kCannotTell);
}

TEST(FindTest, AnswerToAnotherQuestionProvesNothing) {
  for (const char* body : {R"({"messages":[]})", R"({"page_size":2,"messages":[]})",
                           R"({"page_size":"50","messages":[]})"}) {
    EXPECT_EQ(OutcomeOfFind(200, body, Wanted(), kStarted, {}).kind, FindKind::kCannotTell) << body;
  }
}

TEST(FindTest, VendorThatIsDownIsAskedLater) {
  EXPECT_EQ(Find({}, {}, 500), FindKind::kTryLater);
  EXPECT_EQ(Find({}, {}, 429), FindKind::kTryLater);
  EXPECT_EQ(Find({}, {}, 404), FindKind::kCannotTell);
}

TEST(FindTest, AnswersThatCannotBeReadProveNothing) {
  for (const char* body : {"", "[]", "{}", R"({"messages":5})", R"({"messages":[5]})",
                           R"({"messages":[{"sid":"SM1"}]})",
                           // A time that would reach back before every attempt.
                           R"({"page_size":50,"messages":[{"date_created":"infinite-past"}]})"}) {
    EXPECT_EQ(OutcomeOfFind(200, body, Wanted(), kStarted, {}).kind, FindKind::kCannotTell) << body;
  }
}

}  // namespace
}  // namespace trama::sms
