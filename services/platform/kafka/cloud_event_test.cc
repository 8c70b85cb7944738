#include "services/platform/kafka/cloud_event.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

EventAttributes Example() {
  return {.id = "id-1",
          .source = "/trama/routing",
          .type = "trama.conversation.v1.ConversationEvent",
          .time = absl::FromUnixMillis(1'700'000'000'123),
          .subject = "conversation-1",
          .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
}

Record WithHeaders(const EventAttributes& attributes) {
  Record record;
  record.headers = *EventHeaders(attributes);
  return record;
}

void Replace(Record& record, const std::string& key, const std::string& value) {
  for (Header& header : record.headers) {
    if (header.key == key) header.value = value;
  }
}

void Remove(Record& record, const std::string& key) {
  std::erase_if(record.headers, [&](const Header& header) { return header.key == key; });
}

TEST(CloudEventTest, WritesTheHeadersOfBinaryMode) {
  EXPECT_THAT(
      WithHeaders(Example()).headers,
      UnorderedElementsAre(
          Header{"ce_specversion", "1.0"}, Header{"ce_id", "id-1"},
          Header{"ce_source", "/trama/routing"},
          Header{"ce_type", "trama.conversation.v1.ConversationEvent"},
          Header{"ce_time", "2023-11-14T22:13:20.123Z"}, Header{"ce_subject", "conversation-1"},
          Header{"content-type", "application/protobuf"},
          Header{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}));
}

TEST(CloudEventTest, ReadsWhatItWrote) {
  const absl::StatusOr<EventAttributes> read = ParseEventHeaders(WithHeaders(Example()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->id, Example().id);
  EXPECT_EQ(read->source, Example().source);
  EXPECT_EQ(read->type, Example().type);
  EXPECT_EQ(read->time, Example().time);
  EXPECT_EQ(read->subject, Example().subject);
  EXPECT_EQ(read->traceparent, Example().traceparent);
}

TEST(CloudEventTest, LeavesOutWhatIsNotGiven) {
  const Record record = WithHeaders({.id = "1", .source = "/s", .type = "t"});
  EXPECT_EQ(record.headers.size(), 5);
  const absl::StatusOr<EventAttributes> read = ParseEventHeaders(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->time, absl::InfinitePast());
}

TEST(CloudEventTest, RefusesToWriteWithoutIdSourceOrType) {
  EventAttributes no_id = Example();
  no_id.id.clear();
  EventAttributes no_source = Example();
  no_source.source.clear();
  EventAttributes no_type = Example();
  no_type.type.clear();

  for (const EventAttributes& attributes : {no_id, no_source, no_type}) {
    EXPECT_EQ(EventHeaders(attributes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(CloudEventTest, NamesAMissingHeader) {
  for (const std::string key : {"ce_specversion", "ce_id", "ce_source", "ce_type"}) {
    Record record = WithHeaders(Example());
    Remove(record, key);
    const absl::Status status = ParseEventHeaders(record).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "header " + key + " is missing");
  }
}

TEST(CloudEventTest, NamesAWrongHeader) {
  const std::vector<Header> wrong = {{"ce_specversion", "0.3"},
                                     {"content-type", "application/json"},
                                     {"ce_time", "yesterday"},
                                     {"ce_time", "infinite-past"}};
  for (const Header& header : wrong) {
    Record record = WithHeaders(Example());
    Replace(record, header.key, header.value);
    const absl::Status status = ParseEventHeaders(record).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << header.key;
    EXPECT_THAT(std::string(status.message()), HasSubstr(header.key));
    EXPECT_THAT(std::string(status.message()), HasSubstr(header.value));
  }
}

TEST(CloudEventTest, AnErrorIsShortAndPrintableWhateverTheHeaderHolds) {
  Record record = WithHeaders(Example());
  Replace(record, "ce_time", "\n" + std::string(1'000'000, '\xff'));
  const absl::Status status = ParseEventHeaders(record).status();
  EXPECT_LT(status.message().size(), 500);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\\n\\xff"));
}

TEST(CloudEventTest, AcceptsParametersOfTheContentType) {
  Record record = WithHeaders(Example());
  Replace(record, "content-type", "Application/Protobuf; messageType=x");
  EXPECT_TRUE(ParseEventHeaders(record).ok());
}

TEST(CloudEventTest, ReadsTimesOfOtherZones) {
  Record record = WithHeaders(Example());
  Replace(record, "ce_time", "2023-11-14T19:13:20.123-03:00");
  const absl::StatusOr<EventAttributes> read = ParseEventHeaders(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->time, Example().time);
}

TEST(CloudEventTest, ARepeatedHeaderCountsByItsLast) {
  Record record = WithHeaders(Example());
  record.headers.push_back({"ce_id", "id-2"});
  EXPECT_EQ(ParseEventHeaders(record)->id, "id-2");
}

TEST(CloudEventTest, MakesARecordOfWhatAMachineWrites) {
  const OutRecord out = {.topic = "topic",
                         .key = "key",
                         .type = "type",
                         .id = "id",
                         .subject = "subject",
                         .time = absl::UnixEpoch(),
                         .traceparent = "",
                         .value = "value"};
  const absl::StatusOr<Record> record = EventRecord(out, 3, "/trama/sla");
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->topic, "topic");
  EXPECT_EQ(record->partition, 3);
  EXPECT_EQ(record->key, "key");
  EXPECT_EQ(record->value, "value");
  EXPECT_THAT(record->headers, Contains(Header{"ce_source", "/trama/sla"}));
  EXPECT_THAT(record->headers, Contains(Header{"ce_time", "1970-01-01T00:00:00.000Z"}));
}

}  // namespace
}  // namespace trama::platform
