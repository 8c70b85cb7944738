#include "tools/cli/dead_letters.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/dead_letter.h"
#include "tools/cli/topic_decoder.h"
#include "tools/cli/topic_reader.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::tramactl {
namespace {

using platform::Record;
using ::testing::Contains;
using ::testing::HasSubstr;

const platform::DeadLetterReason kReason = {.service = "profile", .reason = "odd"};

Letter LetterOf(const Record& original) {
  Letter letter;
  letter.letter.ParseFromString(*platform::DeadLetterOf(original, kReason).value);
  return letter;
}

Record Interaction() {
  return {.topic = "trama.interactions.v1",
          .partition = 5,
          .offset = 77,
          .key = "demo/email",
          .value = "bytes",
          .headers = {{"ce_id", "1"}, {platform::kRequeuedHeader, "1"}}};
}

const FetchRecord kNothing = [](const auto&) { return absl::NotFoundError("gone"); };

TEST(DeadLettersTest, OriginalGoesBackWholeAndCountsIt) {
  const auto record = RequeuedRecord(LetterOf(Interaction()), false, kNothing);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->topic, "trama.interactions.v1");
  EXPECT_EQ(record->partition, 5);
  EXPECT_EQ(record->key, "demo/email");
  EXPECT_EQ(record->value, "bytes");
  EXPECT_THAT(record->headers, ::testing::ElementsAre(platform::Header{"ce_id", "1"},
                                                      platform::Header{"trama-requeued", "2"}));
}

TEST(DeadLettersTest, LetterWithoutHeadersIsFetchedFromItsPlace) {
  Letter letter = LetterOf(Interaction());
  letter.letter.clear_headers();
  letter.letter.set_value("only the message");
  platform::TopicPartitionOffset asked;
  const auto record = RequeuedRecord(letter, false, [&](const auto& place) {
    asked = place;
    return Interaction();
  });
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(asked, (platform::TopicPartitionOffset{"trama.interactions.v1", 5, 77}));
  EXPECT_EQ(record->value, "bytes");
  EXPECT_EQ(RequeuedRecord(letter, false, kNothing).status().code(), absl::StatusCode::kNotFound);
}

TEST(DeadLettersTest, WorkGoesBackAsTheInteractionThatItWas) {
  routing::v1::Work work;
  work.mutable_source()->set_topic("trama.interactions.v1");
  work.mutable_source()->set_partition(5);
  work.mutable_source()->set_offset(77);
  Record original = {.topic = "trama.work.v1",
                     .partition = 1,
                     .offset = 3,
                     .value = work.SerializeAsString(),
                     .headers = {{"ce_id", "1"}}};
  const auto record =
      RequeuedRecord(LetterOf(original), false, [](const auto&) { return Interaction(); });
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->topic, "trama.interactions.v1");
  EXPECT_EQ(record->partition, 5);
}

TEST(DeadLettersTest, FactsOfEnginesGoBackByForceOnly) {
  Record original = Interaction();
  original.topic = "trama.conversations.v1";
  EXPECT_EQ(RequeuedRecord(LetterOf(original), false, kNothing).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(RequeuedRecord(LetterOf(original), true, kNothing).ok());
}

TEST(DeadLettersTest, WhatCameByAnotherDoorCannotGoBack) {
  Letter letter;
  letter.letter.ParseFromString(
      *platform::DeadLetterOf(platform::ForeignInput{.source = "webhook:sms:demo/sms", .id = "1"},
                              kReason)
           .value);
  EXPECT_THAT(std::string(RequeuedRecord(letter, true, kNothing).status().message()),
              HasSubstr("webhook:sms:demo/sms"));
}

TEST(TopicDecoderTest, ValuesAreDecodedByTheTopicsType) {
  const auto topics = KnownTopics("");
  ASSERT_TRUE(topics.ok()) << topics.status();
  conversation::v1::ConversationEvent event;
  event.set_conversation_id("c1");
  Record record = {.topic = "trama.conversations.v1",
                   .key = "c1",
                   .value = event.SerializeAsString(),
                   .headers = {{"ce_type", "trama.conversation.v1.Opened"}}};
  const Json json = RecordJson(record, *topics);
  EXPECT_EQ(json["value"]["conversationId"], "c1");
  EXPECT_EQ(json["headers"]["ce_type"], "trama.conversation.v1.Opened");
}

TEST(TopicDecoderTest, EveryPublicTopicHasAKnownType) {
  const auto topics = KnownTopics("");
  ASSERT_TRUE(topics.ok()) << topics.status();
  for (const platform::TopicSpec& topic : topics->topics) {
    if (topic.internal && !topic.value.starts_with("trama.")) continue;
    Record record = {.topic = topic.name, .value = ""};
    EXPECT_TRUE(ValueJson(topic.name, record, *topics).empty()) << topic.name;
  }
}

TEST(TopicDecoderTest, WhatCannotBeDecodedIsShownAsItIs) {
  const auto topics = KnownTopics("");
  ASSERT_TRUE(topics.ok()) << topics.status();
  Record record = {.topic = "trama.conversations.v1", .key = "\xff", .value = "\xff\xff"};
  const Json json = RecordJson(record, *topics);
  EXPECT_EQ(json["value"]["base64"], "//8=");
  EXPECT_EQ(json["key"], "base64:/w==");
  record.value.reset();
  EXPECT_TRUE(RecordJson(record, *topics)["value"].is_null());
  record.topic = "other";
  record.value = "x";
  EXPECT_EQ(RecordJson(record, *topics)["value"]["base64"], "eA==");
}

}  // namespace
}  // namespace trama::tramactl
