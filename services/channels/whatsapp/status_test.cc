#include "services/channels/whatsapp/status.h"

#include "gtest/gtest.h"
#include "services/channels/whatsapp/testing/payloads.h"
#include "services/channels/whatsapp/vendor_errors.h"

namespace trama::whatsapp {
namespace {

namespace dv = delivery::v1;

const absl::Time kHeard = absl::FromUnixSeconds(1'795'350'000);
constexpr char kOurs[] = R"(,"biz_opaque_callback_data":"trama1:3:c0-de:7f_1c")";

absl::StatusOr<ParsedStatus> ParseOurs(const std::string& status, const std::string& more = kOurs) {
  WhatsAppAccountView account;
  account.workspace = "demo";
  account.name = "main";
  account.partition = 3;
  return ParseStatus(*ParseJson(testing::Status("wamid.1", status, more)), account, kHeard);
}

TEST(StatusTest, EveryStatusOfTheVendorHasItsRank) {
  const std::pair<const char*, dv::Status> cases[] = {
      {"sent", dv::STATUS_SENT},   {"delivered", dv::STATUS_DELIVERED}, {"read", dv::STATUS_READ},
      {"played", dv::STATUS_READ}, {"failed", dv::STATUS_FAILED},
  };
  for (const auto& [word, status] : cases) {
    const auto parsed = ParseOurs(word);
    ASSERT_TRUE(parsed.ok() && parsed->delivery.has_value()) << word;
    EXPECT_EQ(parsed->delivery->status(), status) << word;
    EXPECT_EQ(parsed->delivery->vendor_status(), word);
    EXPECT_EQ(parsed->delivery->vendor_message_id(), "wamid.1");
    EXPECT_EQ(parsed->delivery->message_id(), "7f_1c");
    EXPECT_EQ(parsed->delivery->conversation_id(), "c0-de");
    EXPECT_EQ(parsed->partition, 3);
  }
}

TEST(StatusTest, IdsThatWeGaveComeBack) {
  outbound::v1::OutboundMessage message;
  message.set_message_id("7f_1c");
  message.set_conversation_id("c0-de");
  message.set_partition(3);
  EXPECT_EQ(CallbackData(message), "trama1:3:c0-de:7f_1c");
}

TEST(StatusTest, FailureSaysWhy) {
  const auto parsed = ParseOurs("failed", absl::StrCat(kOurs, R"(,"errors":[{"code":131047}])"));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->delivery->failure().reason(), dv::Failure::REASON_WINDOW_CLOSED);
  EXPECT_EQ(parsed->delivery->failure().vendor_code(), "131047");
  EXPECT_EQ(ParseOurs("failed")->delivery->failure().reason(), dv::Failure::REASON_OTHER);
}

TEST(StatusTest, MessagesOfOthersAreNotOurs) {
  for (const char* more : {"", R"(,"biz_opaque_callback_data":"campaign-7")",
                           R"(,"biz_opaque_callback_data":"trama1:3:c")",
                           R"(,"biz_opaque_callback_data":"trama1:-1:c:m")",
                           R"(,"biz_opaque_callback_data":"trama1:x:c:m")",
                           R"(,"biz_opaque_callback_data":"trama1:4:c:m")",
                           R"(,"biz_opaque_callback_data":"trama1:99999:c:m")",
                           R"(,"biz_opaque_callback_data":"trama1:1:c:m/../n")"}) {
    const auto parsed = ParseOurs("sent", more);
    ASSERT_TRUE(parsed.ok()) << more;
    EXPECT_FALSE(parsed->delivery.has_value()) << more;
  }
}

TEST(StatusTest, UnknownStatusIsAnError) {
  EXPECT_FALSE(ParseOurs("teleported").ok());
  EXPECT_FALSE(ParseStatus(*ParseJson(R"({"status":"sent"})"), {}, kHeard).ok());
}

TEST(StatusTest, RedeliveryHasTheSameIds) {
  EXPECT_EQ(ParseOurs("sent")->event_id, "wamid.1/sent");
  EXPECT_EQ(ParseOurs("sent")->delivery->event_id(), ParseOurs("sent")->delivery->event_id());
  EXPECT_NE(ParseOurs("sent")->delivery->event_id(), ParseOurs("read")->delivery->event_id());
}

TEST(VendorErrorsTest, CodesOfTheContractHaveTheirMeaning) {
  const std::tuple<int, dv::Failure::Reason, bool> cases[] = {
      {131047, dv::Failure::REASON_WINDOW_CLOSED, false},
      {131026, dv::Failure::REASON_UNREACHABLE, false},
      {131050, dv::Failure::REASON_OPTED_OUT, false},
      {131021, dv::Failure::REASON_INVALID_RECIPIENT, false},
      {190, dv::Failure::REASON_NOT_AUTHORISED, false},
      {250, dv::Failure::REASON_NOT_AUTHORISED, false},
      {131051, dv::Failure::REASON_REJECTED_CONTENT, false},
      {132001, dv::Failure::REASON_REJECTED_CONTENT, false},
      {131048, dv::Failure::REASON_RATE_LIMITED, false},
      {131049, dv::Failure::REASON_RATE_LIMITED, false},
      {130429, dv::Failure::REASON_RATE_LIMITED, true},
      {80007, dv::Failure::REASON_RATE_LIMITED, true},
      {131056, dv::Failure::REASON_RATE_LIMITED, true},
      {2, dv::Failure::REASON_VENDOR_DOWN, true},
      {131016, dv::Failure::REASON_VENDOR_DOWN, true},
      {133004, dv::Failure::REASON_VENDOR_DOWN, true},
      {999999, dv::Failure::REASON_OTHER, false},
  };
  for (const auto& [code, reason, retryable] : cases) {
    EXPECT_EQ(FailureOfCode(code).reason(), reason) << code;
    EXPECT_EQ(FailureOfCode(code).retryable(), retryable) << code;
    EXPECT_EQ(IsRetryableCode(code), retryable) << code;
    EXPECT_FALSE(FailureOfCode(code).detail().empty()) << code;
  }
  EXPECT_TRUE(IsAccountWideCode(130429));
  EXPECT_FALSE(IsAccountWideCode(131056));
  EXPECT_GE(WaitOfCode(131056), absl::Seconds(6));
}

}  // namespace
}  // namespace trama::whatsapp
