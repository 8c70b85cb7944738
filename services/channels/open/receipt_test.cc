#include "services/channels/open/receipt.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/event.h"
#include "services/channels/open/testing/events.h"

namespace trama::open_channel {
namespace {

namespace dv = delivery::v1;
using ::testing::HasSubstr;
using testing::Json;
using testing::kNow;
using testing::StatusEvent;

Event ParseOne(const Json& event) {
  return ParseEvents(testing::Batch({event}), testing::Account(), kNow)->at(0);
}

std::string WrongReceipt(const Json& event) {
  const std::optional<Refusal> refusal = ParseOne(event).refusal;
  return refusal.has_value() ? absl::StrCat(refusal->field, ": ", refusal->reason) : "";
}

TEST(ReceiptTest, EveryStatusIsTold) {
  const std::pair<const char*, dv::Status> kWords[] = {{"sent", dv::STATUS_SENT},
                                                       {"delivered", dv::STATUS_DELIVERED},
                                                       {"read", dv::STATUS_READ},
                                                       {"failed", dv::STATUS_FAILED}};
  for (const auto& [word, status] : kWords) {
    const auto receipt = ParseOne(StatusEvent("e1", "m1", "c1", word)).receipt;
    ASSERT_TRUE(receipt.has_value()) << word;
    EXPECT_EQ(receipt->status(), status);
    EXPECT_EQ(receipt->vendor_status(), word);
  }
}

TEST(ReceiptTest, NamesOurMessage) {
  Json event = StatusEvent("e1", "m1", "c1", "delivered");
  event["message"]["external_id"] = "theirs";
  const auto receipt = ParseOne(event).receipt;
  EXPECT_EQ(receipt->workspace(), "demo");
  EXPECT_EQ(receipt->channel(), "open");
  EXPECT_EQ(receipt->channel_account(), "shop");
  EXPECT_EQ(receipt->message_id(), "m1");
  EXPECT_EQ(receipt->conversation_id(), "c1");
  EXPECT_EQ(receipt->vendor_message_id(), "theirs");
  EXPECT_EQ(channels::FromProto(receipt->occurred_at()), kNow);
}

TEST(ReceiptTest, SameWordInAnotherEventHasTheSameId) {
  EXPECT_EQ(ParseOne(StatusEvent("e1", "m1", "c1", "read")).receipt->event_id(),
            ParseOne(StatusEvent("e2", "m1", "c1", "read")).receipt->event_id());
  EXPECT_NE(ParseOne(StatusEvent("e1", "m1", "c1", "read")).receipt->event_id(),
            ParseOne(StatusEvent("e1", "m1", "c1", "delivered")).receipt->event_id());
}

TEST(ReceiptTest, FailureHasAReasonOfTheListAndTheirCode) {
  Json event = StatusEvent("e1", "m1", "c1", "failed");
  event["error"] = {{"reason", "unreachable"}, {"code", "E-17"}};
  EXPECT_EQ(ParseOne(event).receipt->failure().reason(), dv::Failure::REASON_UNREACHABLE);
  EXPECT_EQ(ParseOne(event).receipt->failure().vendor_code(), "E-17");
  event.erase("error");
  EXPECT_EQ(ParseOne(event).receipt->failure().reason(), dv::Failure::REASON_OTHER);
  event["error"] = {{"reason", "mood"}};
  EXPECT_THAT(WrongReceipt(event), HasSubstr("events[0].error.reason: is not a reason"));
}

TEST(ReceiptTest, WhatIsMissingIsNamed) {
  Json event = StatusEvent("e1", "m1", "c1", "delivered");
  event.erase("conversation_id");
  EXPECT_THAT(WrongReceipt(event), HasSubstr("events[0].conversation_id: is missing"));
  event = StatusEvent("e1", "", "c1", "delivered");
  EXPECT_EQ(WrongReceipt(event), "events[0].message.id: is missing");
  EXPECT_EQ(WrongReceipt(StatusEvent("e1", "m1", "c1", "teleported")),
            "events[0].status: is none of sent, delivered, read, failed");
  EXPECT_EQ(WrongReceipt(StatusEvent("e1", "m1", "c1", "")), "events[0].status: is missing");
}

}  // namespace
}  // namespace trama::open_channel
