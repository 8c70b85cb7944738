#include "services/channels/sms/status.h"

#include "gtest/gtest.h"
#include "services/channels/sms/vendor_errors.h"

namespace trama::sms {
namespace {

namespace dv = delivery::v1;

const absl::Time kReceived = absl::FromUnixSeconds(1'700'000'000);
const Params kQuery = {{"m", "7f1c"}, {"c", "c0de"}, {"p", "3"}};

SmsAccountView Account() {
  SmsAccountView account;
  account.workspace = "demo";
  account.name = "main";
  account.partition = 3;
  return account;
}

absl::StatusOr<StatusCallback> Parse(const std::string& status, const std::string& code = "",
                                     const Params& query = kQuery) {
  Params params = {{"MessageSid", "SM1"}, {"MessageStatus", status}};
  if (!code.empty()) params.emplace_back("ErrorCode", code);
  return ParseStatus(query, params, Account(), kReceived);
}

TEST(ParseStatusTest, EveryStatusOfTheVendorHasItsRank) {
  const std::pair<const char*, dv::Status> cases[] = {
      {"accepted", dv::STATUS_SENT},       {"scheduled", dv::STATUS_SENT},
      {"queued", dv::STATUS_SENT},         {"sending", dv::STATUS_SENT},
      {"sent", dv::STATUS_SENT},           {"partially_delivered", dv::STATUS_SENT},
      {"delivered", dv::STATUS_DELIVERED}, {"read", dv::STATUS_READ},
      {"undelivered", dv::STATUS_FAILED},  {"failed", dv::STATUS_FAILED},
      {"canceled", dv::STATUS_FAILED},
  };
  for (const auto& [word, status] : cases) {
    const auto callback = Parse(word);
    ASSERT_TRUE(callback.ok()) << word;
    ASSERT_TRUE(callback->delivery.has_value()) << word;
    EXPECT_EQ(callback->delivery->status(), status) << word;
    EXPECT_EQ(callback->delivery->vendor_status(), word);
  }
}

TEST(ParseStatusTest, ReceiptFindsItsOwnerByTheIdsInTheUrl) {
  const auto callback = Parse("delivered");
  ASSERT_TRUE(callback.ok());
  EXPECT_EQ(callback->partition, 3);
  EXPECT_EQ(callback->event_id, "SM1/delivered");
  EXPECT_EQ(callback->delivery->message_id(), "7f1c");
  EXPECT_EQ(callback->delivery->conversation_id(), "c0de");
  EXPECT_EQ(callback->delivery->vendor_message_id(), "SM1");
  EXPECT_EQ(callback->delivery->workspace(), "demo");
}

TEST(ParseStatusTest, NumberOfAnotherInstallationIsNotOurs) {
  for (const char* number : {"4", "99999", "2000000000"}) {
    const auto callback = Parse("sent", "", {{"m", "7f1c"}, {"c", "c0de"}, {"p", number}});
    ASSERT_TRUE(callback.ok()) << number;
    EXPECT_FALSE(callback->delivery.has_value()) << number;
  }
}

TEST(ParseStatusTest, RedeliveryHasTheSameIdAndAnotherStatusAnotherOne) {
  EXPECT_EQ(Parse("sent")->delivery->event_id(), Parse("sent")->delivery->event_id());
  EXPECT_NE(Parse("sent")->delivery->event_id(), Parse("delivered")->delivery->event_id());
}

TEST(ParseStatusTest, IdsSurviveTheWayThroughTheUrl) {
  EXPECT_EQ(CallbackQuery({"m-1", "c-1", 7}), "m=m-1&c=c-1&p=7");
}

TEST(ParseStatusTest, FailureCarriesReasonAndRawCode) {
  const auto callback = Parse("undelivered", "30006");
  EXPECT_EQ(callback->delivery->failure().reason(), dv::Failure::REASON_INVALID_RECIPIENT);
  EXPECT_EQ(callback->delivery->failure().vendor_code(), "30006");
  EXPECT_EQ(Parse("failed", "99999")->delivery->failure().reason(), dv::Failure::REASON_OTHER);
  EXPECT_EQ(Parse("failed", "99999")->delivery->failure().vendor_code(), "99999");
  EXPECT_EQ(Parse("failed")->delivery->failure().reason(), dv::Failure::REASON_OTHER);
  EXPECT_EQ(Parse("delivered", "30006")->delivery->has_failure(), false);
}

TEST(ParseStatusTest, MessagesThatAreNotOursSayNothing) {
  const auto callback = Parse("delivered", "", {});
  ASSERT_TRUE(callback.ok());
  EXPECT_FALSE(callback->delivery.has_value());
  EXPECT_FALSE(Parse("received")->delivery.has_value());
}

TEST(ParseStatusTest, WhatCannotBeReadIsAnError) {
  EXPECT_FALSE(Parse("teleported").ok());
  EXPECT_FALSE(Parse("").ok());
  EXPECT_FALSE(ParseStatus(kQuery, {{"MessageStatus", "sent"}}, Account(), kReceived).ok());
  for (const char* partition : {"", "-1", "x", "99999999999"}) {
    EXPECT_FALSE(Parse("sent", "", {{"m", "1"}, {"c", "2"}, {"p", partition}}).ok()) << partition;
  }
  EXPECT_FALSE(Parse("sent", "", {{"m", "1"}, {"c", "a b"}, {"p", "0"}}).ok());
}

TEST(VendorErrorsTest, KnownCodesHaveTheirReason) {
  const std::pair<int, dv::Failure::Reason> cases[] = {
      {21211, dv::Failure::REASON_INVALID_RECIPIENT}, {21408, dv::Failure::REASON_NOT_AUTHORISED},
      {21606, dv::Failure::REASON_NOT_AUTHORISED},    {21610, dv::Failure::REASON_OPTED_OUT},
      {21614, dv::Failure::REASON_INVALID_RECIPIENT}, {21617, dv::Failure::REASON_TOO_LONG},
      {30003, dv::Failure::REASON_UNREACHABLE},       {30007, dv::Failure::REASON_REJECTED_CONTENT},
      {30034, dv::Failure::REASON_NOT_AUTHORISED},    {20429, dv::Failure::REASON_RATE_LIMITED},
      {30001, dv::Failure::REASON_RATE_LIMITED},      {12345, dv::Failure::REASON_OTHER},
  };
  for (const auto& [code, reason] : cases) EXPECT_EQ(FailureOfCode(code).reason(), reason) << code;
}

TEST(VendorErrorsTest, SoftFailuresAreMarkedAsSuch) {
  EXPECT_TRUE(FailureOfCode(30003).retryable());
  EXPECT_TRUE(FailureOfCode(30008).retryable());
  EXPECT_FALSE(FailureOfCode(30006).retryable());
  EXPECT_FALSE(FailureOfCode(21610).retryable());
}

}  // namespace
}  // namespace trama::sms
