#include "services/reporting/dead_letter_box.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::reporting {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kNow = absl::UnixEpoch();

platform::Record Unreadable(int64_t offset, int32_t partition = 1) {
  platform::Record record;
  record.topic = "agents";
  record.partition = partition;
  record.offset = offset;
  record.key = "ana";
  record.value = "\xff\xff no message";
  record.headers = {{"traceparent", "00-1-2-01"}};
  return record;
}

TEST(DeadLetterBoxTest, KeepsTheOriginalWholeWithPlaceAndReason) {
  DeadLetterBox box("letters");
  ASSERT_TRUE(box.Add(Unreadable(7), "the value is not an event", kNow));
  ASSERT_THAT(box.waiting(), SizeIs(1));
  EXPECT_EQ(box.waiting()[0].topic, "letters");
  deadletter::v1::DeadLetter letter;
  ASSERT_TRUE(letter.ParseFromString(*box.waiting()[0].value));
  EXPECT_EQ(letter.service(), "reporting");
  EXPECT_EQ(letter.reason(), "the value is not an event");
  EXPECT_EQ(letter.source_topic(), "agents");
  EXPECT_EQ(letter.source_partition(), 1);
  EXPECT_EQ(letter.source_offset(), 7);
  EXPECT_EQ(letter.key(), "ana");
  EXPECT_EQ(letter.value(), "\xff\xff no message");
  ASSERT_THAT(letter.headers(), SizeIs(1));
  EXPECT_EQ(letter.headers(0).value(), "00-1-2-01");
}

TEST(DeadLetterBoxTest, ARecordGetsOneLetterHoweverOftenItIsRead) {
  DeadLetterBox box("letters");
  EXPECT_TRUE(box.Add(Unreadable(7), "why", kNow));
  EXPECT_FALSE(box.Add(Unreadable(7), "why", kNow));  // The batch is tried again.
  EXPECT_THAT(box.waiting(), SizeIs(1));              // It still waits to be written.
  box.Written();
  EXPECT_FALSE(box.Add(Unreadable(7), "why", kNow));  // All is counted anew.
  EXPECT_THAT(box.waiting(), IsEmpty());
  EXPECT_TRUE(box.Add(Unreadable(8), "why", kNow));
  EXPECT_TRUE(box.Add(Unreadable(7, /*partition=*/2), "why", kNow));
}

TEST(DeadLetterBoxTest, WhatAnOwnerBeforeHasPassedHasItsLetter) {
  DeadLetterBox box("letters");
  box.Passed({"agents", 1}, 5);
  box.Passed({"agents", 1}, 0);  // Redis was emptied.
  EXPECT_FALSE(box.Add(Unreadable(4), "why", kNow));
  EXPECT_TRUE(box.Add(Unreadable(5), "why", kNow));
}

}  // namespace
}  // namespace trama::reporting
