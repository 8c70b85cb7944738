#include "services/platform/kafka/dead_letter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/topics.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::platform {
namespace {

using ::testing::SizeIs;

const DeadLetterReason kReason = {.service = "routing",
                                  .reason = "value is not a Work message",
                                  .failed_at = absl::FromUnixMillis(1'700'000'000'123),
                                  .workspace = "demo",
                                  .traceparent = "00-1-2-01"};

Record Original() {
  return {.topic = "trama.work.v1",
          .partition = 2,
          .offset = 77,
          .key = "key",
          .value = std::string("\0\xff not utf-8", 12),
          .headers = {{"ce_id", "1"}, {"content-type", "application/protobuf"}, {"ce_id", "2"}}};
}

deadletter::v1::DeadLetter Parse(const Record& record) {
  deadletter::v1::DeadLetter letter;
  EXPECT_TRUE(letter.ParseFromString(*record.value));
  return letter;
}

TEST(DeadLetterTest, HoldsTheOriginalWhole) {
  const deadletter::v1::DeadLetter letter = Parse(DeadLetterOf(Original(), kReason));

  EXPECT_EQ(letter.source(), "trama.work.v1");
  EXPECT_EQ(letter.source_topic(), "trama.work.v1");
  EXPECT_EQ(letter.source_partition(), 2);
  EXPECT_EQ(letter.source_offset(), 77);
  EXPECT_EQ(letter.key(), "key");
  EXPECT_EQ(letter.value(), *Original().value);
  EXPECT_EQ(letter.content_type(), "application/protobuf");
  ASSERT_THAT(letter.headers(), SizeIs(3));
  EXPECT_EQ(letter.headers(2).key(), "ce_id");
  EXPECT_EQ(letter.headers(2).value(), "2");
}

TEST(DeadLetterTest, SaysWhoWhyAndWhen) {
  const deadletter::v1::DeadLetter letter = Parse(DeadLetterOf(Original(), kReason));

  EXPECT_EQ(letter.service(), "routing");
  EXPECT_EQ(letter.reason(), "value is not a Work message");
  EXPECT_EQ(letter.workspace(), "demo");
  EXPECT_EQ(letter.failed_at().seconds(), 1'700'000'000);
  EXPECT_EQ(letter.failed_at().nanos(), 123'000'000);
}

TEST(DeadLetterTest, CountsHowOftenTheOriginalWasPutBack) {
  EXPECT_EQ(Parse(DeadLetterOf(Original(), kReason)).requeued(), 0);
  Record again = Original();
  again.headers.push_back({kRequeuedHeader, "2"});
  EXPECT_EQ(Parse(DeadLetterOf(again, kReason)).requeued(), 2);
}

TEST(DeadLetterTest, IsAnEventOfItsTopic) {
  const Record record = DeadLetterOf(Original(), kReason);

  EXPECT_EQ(record.topic, kDeadLetters);
  EXPECT_EQ(record.partition, 0);
  EXPECT_EQ(record.key, "trama.work.v1");
  const absl::StatusOr<EventAttributes> event = ParseEventHeaders(record);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->id, Parse(record).dead_letter_id());
  EXPECT_EQ(event->source, "/trama/routing");
  EXPECT_EQ(event->type, "trama.deadletter.v1.DeadLetter");
  EXPECT_EQ(event->traceparent, "00-1-2-01");
}

TEST(DeadLetterTest, TheSamePlaceGivesTheSameIdAnotherPlaceAnother) {
  Record next = Original();
  next.offset += 1;
  DeadLetterReason other_service = kReason;
  other_service.service = "profile";

  const std::string id = Parse(DeadLetterOf(Original(), kReason)).dead_letter_id();

  EXPECT_EQ(Parse(DeadLetterOf(Original(), kReason)).dead_letter_id(), id);
  EXPECT_NE(Parse(DeadLetterOf(next, kReason)).dead_letter_id(), id);
  EXPECT_NE(Parse(DeadLetterOf(Original(), other_service)).dead_letter_id(), id);
}

TEST(DeadLetterTest, HoldsWhatCameByAnotherDoor) {
  const ForeignInput webhook = {.source = "webhook:sms:demo/support",
                                .id = "request-1",
                                .content_type = "application/json",
                                .body = "{",
                                .headers = {{"x-twilio-signature", "s"}}};

  const Record record = DeadLetterOf(webhook, kReason);

  const deadletter::v1::DeadLetter letter = Parse(record);
  EXPECT_EQ(record.key, "webhook:sms:demo/support");
  EXPECT_EQ(letter.source(), "webhook:sms:demo/support");
  EXPECT_EQ(letter.source_topic(), "");
  EXPECT_EQ(letter.value(), "{");
  EXPECT_EQ(letter.content_type(), "application/json");
  EXPECT_THAT(letter.headers(), SizeIs(1));
}

}  // namespace
}  // namespace trama::platform
