#include "services/platform/kafka/consumer.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/platform/kafka/offset_query.h"
#include "services/platform/kafka/producer.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kWait;
using ::testing::SizeIs;

class ConsumerTest : public testing::BrokerTest {
 protected:
  std::unique_ptr<Consumer> NewConsumer(ConsumerOptions options = {}) {
    absl::StatusOr<std::unique_ptr<Consumer>> consumer = Consumer::Create(config(), options);
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    return *std::move(consumer);
  }

  std::unique_ptr<TransactionalProducer> NewOwner(const std::string& id) {
    auto producer = TransactionalProducer::Create(config(), {.transactional_id = id});
    EXPECT_TRUE(producer.ok()) << producer.status();
    EXPECT_TRUE((*producer)->Init(kWait).ok());
    return *std::move(producer);
  }

  // Polls until `count` records came.
  static std::vector<Record> Take(Consumer& consumer, size_t count) {
    std::vector<Record> records;
    const absl::Time deadline = absl::Now() + kWait;
    while (records.size() < count && absl::Now() < deadline) {
      absl::StatusOr<RecordBatch> batch =
          consumer.Poll(absl::Milliseconds(100), count - records.size());
      EXPECT_TRUE(batch.ok()) << batch.status();
      if (!batch.ok()) break;
      for (Record& record : batch->records) records.push_back(std::move(record));
    }
    return records;
  }

  // Polls until the position has reached `offset`.
  static void PollTo(Consumer& consumer, const TopicPartition& partition, int64_t offset) {
    const absl::Time deadline = absl::Now() + kWait;
    while (consumer.Position(partition) < offset && absl::Now() < deadline) {
      const absl::StatusOr<RecordBatch> batch = consumer.Poll(absl::Milliseconds(100), 100);
      ASSERT_TRUE(batch.ok()) << batch.status();
    }
    EXPECT_GE(consumer.Position(partition), offset);
  }
};

TEST_F(ConsumerTest, ReadsFromTheOffsetThatWasAssigned) {
  const std::string topic = NewTopic("assign", 2);
  Write(topic, 0, {"a0", "a1", "a2"});
  Write(topic, 1, {"b0", "b1"});
  const auto consumer = NewConsumer();

  ASSERT_TRUE(consumer->Assign({{topic, 0, 2}, {topic, 1, kOffsetBeginning}}).ok());

  EXPECT_THAT(testing::Values(Take(*consumer, 3)),
              ::testing::UnorderedElementsAre("a2", "b0", "b1"));
  EXPECT_EQ(consumer->Position({topic, 0}), 3);
  EXPECT_EQ(consumer->Position({topic, 1}), 2);
}

TEST_F(ConsumerTest, TakesAtMostAsManyRecordsAsAskedFor) {
  const std::string topic = NewTopic("max", 1);
  Write(topic, 0, {"0", "1", "2", "3", "4"});
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());
  ASSERT_THAT(Take(*consumer, 1), SizeIs(1));

  const absl::StatusOr<RecordBatch> batch = consumer->Poll(kWait, 2);

  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(testing::Values(batch->records), ElementsAre("1", "2"));
}

TEST_F(ConsumerTest, NamesTheEndOfAPartitionAgainAfterEachNewRecord) {
  const std::string topic = NewTopic("end", 1);
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());

  const auto end = [&] {
    const absl::Time deadline = absl::Now() + kWait;
    while (absl::Now() < deadline) {
      const absl::StatusOr<RecordBatch> batch = consumer->Poll(absl::Milliseconds(100), 100);
      if (batch.ok() && !batch->ends.empty()) return batch->ends.front().offset;
    }
    return kOffsetUnknown;
  };
  EXPECT_EQ(end(), 0);
  Write(topic, 0, {"0"});
  EXPECT_EQ(end(), 1);
}

// Engines compare a position with an end that was asked for later; markers and withdrawn records
// at the end must not keep it from getting there.
TEST_F(ConsumerTest, PositionReachesTheEndBehindMarkersAndWithdrawnRecords) {
  const std::string topic = NewTopic("markers", 1);
  const auto producer = NewOwner(Unique("id"));
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());
  const auto query = OffsetQuery::Create(config());
  ASSERT_TRUE(query.ok()) << query.status();
  const auto read_to_end = [&] {
    const auto ends = (*query)->Ends({{topic, 0}}, kWait);
    ASSERT_TRUE(ends.ok()) << ends.status();
    PollTo(*consumer, {topic, 0}, (*ends)[0].offset);
  };

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce({.topic = topic, .partition = 0, .value = "kept"}).ok());
  ASSERT_TRUE(producer->Commit(kWait).ok());
  read_to_end();
  EXPECT_GE(consumer->Position({topic, 0}), 1);

  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Produce({.topic = topic, .partition = 0, .value = "withdrawn"}).ok());
    // Only a record that lies in the topic takes an offset when it is withdrawn.
    const auto dirty = NewConsumer({.read_committed = false});
    ASSERT_TRUE(dirty->Assign({{topic, 0, 2 + 2 * i}}).ok());
    ASSERT_THAT(Take(*dirty, 1), SizeIs(1));
    ASSERT_TRUE(producer->Abort(kWait).ok());
    PollTo(*consumer, {topic, 0}, 4 + 2 * i);
    read_to_end();
  }
}

TEST_F(ConsumerTest, StopsBeforeAnOpenTransaction) {
  const std::string topic = NewTopic("open", 1);
  Write(topic, 0, {"before"});
  const auto producer = NewOwner(Unique("id"));
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce({.topic = topic, .partition = 0, .value = "open"}).ok());
  const auto dirty = NewConsumer({.read_committed = false});
  ASSERT_TRUE(dirty->Assign({{topic, 0, 1}}).ok());
  ASSERT_THAT(testing::Values(Take(*dirty, 1)), ElementsAre("open"));
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());

  const absl::StatusOr<Watermarks> watermarks = consumer->QueryWatermarks({topic, 0}, kWait);
  PollTo(*consumer, {topic, 0}, 1);
  const auto query = OffsetQuery::Create(config());
  ASSERT_TRUE(query.ok()) << query.status();
  const auto ends = (*query)->Ends({{topic, 0}}, kWait);

  ASSERT_TRUE(watermarks.ok()) << watermarks.status();
  EXPECT_EQ(watermarks->high, 2);
  ASSERT_TRUE(ends.ok()) << ends.status();
  EXPECT_EQ((*ends)[0].offset, 2);
  EXPECT_EQ(consumer->Position({topic, 0}), 1);
  ASSERT_TRUE(producer->Commit(kWait).ok());
  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("open"));
}

TEST_F(ConsumerTest, ReadToEndSeesWhatWasCommittedJustBefore) {
  const std::string topic = NewTopic("fresh", 1);
  const auto producer = NewOwner(Unique("id"));
  const auto consumer = NewConsumer({.fetch_wait = absl::Milliseconds(5)});
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());

  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Produce({.topic = topic, .partition = 0, .value = absl::StrCat(i)}).ok());
    ASSERT_TRUE(producer->Commit(kWait).ok());
    std::string last;
    const absl::Status read = consumer->ReadToEnd(absl::Now() + kWait, [&](const Record& record) {
      last = *record.value;
      return absl::OkStatus();
    });
    ASSERT_TRUE(read.ok()) << read;
    EXPECT_EQ(last, absl::StrCat(i));
  }
}

TEST_F(ConsumerTest, ReadToEndReadsWhatWasThereAtTheCall) {
  const std::string topic = NewTopic("whole", 3);
  const auto producer = NewOwner(Unique("id"));
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(producer->Begin().ok());
    for (int k = 0; k < 3; ++k) {
      ASSERT_TRUE(
          producer->Produce({.topic = topic, .partition = k % 2, .value = absl::StrCat(i)}).ok());
    }
    ASSERT_TRUE(producer->Commit(kWait).ok());
  }
  const auto consumer = NewConsumer({.fetch_wait = absl::Milliseconds(5)});
  ASSERT_TRUE(consumer
                  ->Assign({{topic, 0, kOffsetBeginning},
                            {topic, 1, kOffsetBeginning},
                            {topic, 2, kOffsetBeginning}})
                  .ok());

  size_t count = 0;
  const absl::Status read = consumer->ReadToEnd(absl::Now() + kWait, [&](const Record&) {
    ++count;
    return absl::OkStatus();
  });

  EXPECT_TRUE(read.ok()) << read;
  EXPECT_EQ(count, 90);
}

TEST_F(ConsumerTest, ReadToEndGivesEachRecordNothingOfTheOneBefore) {
  const std::string topic = NewTopic("each", 1);
  const auto producer = NewOwner(Unique("id"));
  ASSERT_TRUE(producer->Begin().ok());
  const std::vector<Record> written = {
      {.topic = topic,
       .partition = 0,
       .key = "a long key of the first",
       .value = "first",
       .headers = {{"ce_id", "1"}}},
      {.topic = topic, .partition = 0, .key = "erased", .value = std::nullopt},
      {.topic = topic, .partition = 0, .value = ""},
      {.topic = topic, .partition = 0, .key = "k", .value = "last", .headers = {{"x", "y"}}}};
  for (const Record& record : written) ASSERT_TRUE(producer->Produce(record).ok());
  ASSERT_TRUE(producer->Commit(kWait).ok());
  const auto consumer = NewConsumer({.fetch_wait = absl::Milliseconds(5)});
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());

  std::vector<Record> seen;
  const absl::Status read = consumer->ReadToEnd(absl::Now() + kWait, [&](const Record& record) {
    seen.push_back(record);
    return absl::OkStatus();
  });

  ASSERT_TRUE(read.ok()) << read;
  ASSERT_EQ(seen.size(), written.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].key, written[i].key);
    EXPECT_EQ(seen[i].value, written[i].value);
    EXPECT_EQ(seen[i].headers.size(), written[i].headers.size());
    EXPECT_EQ(seen[i].offset, static_cast<int64_t>(i));
  }
}

TEST_F(ConsumerTest, ReadToEndEndsWithTheErrorOfItsReader) {
  const std::string topic = NewTopic("error", 1);
  Write(topic, 0, {"a", "b"});
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());

  const absl::Status read = consumer->ReadToEnd(
      absl::Now() + kWait, [](const Record&) { return absl::DataLossError("bad row"); });

  EXPECT_EQ(read, absl::DataLossError("bad row"));
}

TEST_F(ConsumerTest, SeeksBackAndForth) {
  const std::string topic = NewTopic("seek", 1);
  Write(topic, 0, {"0", "1", "2", "3"});
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 3}}).ok());
  ASSERT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("3"));

  const absl::Status sought = consumer->Seek({topic, 0, 1}, kWait);

  ASSERT_TRUE(sought.ok()) << sought;
  EXPECT_EQ(consumer->Position({topic, 0}), 1);
  EXPECT_THAT(testing::Values(Take(*consumer, 2)), ElementsAre("1", "2"));
}

TEST_F(ConsumerTest, APausedPartitionGoesOnWhereItWas) {
  const std::string topic = NewTopic("pause", 2);
  Write(topic, 0, {"a0", "a1"});
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}, {topic, 1, 0}}).ok());
  ASSERT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("a0"));

  ASSERT_TRUE(consumer->Pause({{topic, 0}}).ok());
  Write(topic, 1, {"b0"});
  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("b0"));
  ASSERT_TRUE(consumer->Resume({{topic, 0}}).ok());

  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("a1"));
}

TEST_F(ConsumerTest, WakeEndsAWaitingPoll) {
  const std::string topic = NewTopic("wake", 1);
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 0}}).ok());
  PollTo(*consumer, {topic, 0}, 0);

  std::thread waker([&] { consumer->Wake(); });
  // Without the wake-up this would outlast the test's own time-out.
  const absl::StatusOr<RecordBatch> batch = consumer->Poll(absl::Hours(1), 1);
  waker.join();

  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->records, IsEmpty());
}

TEST_F(ConsumerTest, AnOffsetThatIsGoneIsAnErrorAndOthersReadOn) {
  const std::string topic = NewTopic("gone", 2);
  Write(topic, 0, {"a"});
  Write(topic, 1, {"b"});
  const auto consumer = NewConsumer();
  ASSERT_TRUE(consumer->Assign({{topic, 0, 1000}, {topic, 1, 0}}).ok());

  absl::Status error;
  std::vector<std::string> values;
  const absl::Time deadline = absl::Now() + kWait;
  while ((error.ok() || values.empty()) && absl::Now() < deadline) {
    const absl::StatusOr<RecordBatch> batch = consumer->Poll(absl::Milliseconds(100), 10);
    if (!batch.ok()) {
      error = batch.status();
    } else {
      for (const Record& record : batch->records) values.push_back(*record.value);
    }
  }

  EXPECT_EQ(error.code(), absl::StatusCode::kOutOfRange) << error;
  EXPECT_THAT(std::string(error.message()), HasSubstr(topic + "/0"));
  EXPECT_THAT(values, ElementsAre("b"));
  const absl::Status sought = consumer->Seek({topic, 0, 0}, kWait);
  ASSERT_TRUE(sought.ok()) << sought;
  EXPECT_THAT(testing::Values(Take(*consumer, 1)), ElementsAre("a"));
}

TEST_F(ConsumerTest, AMissingTopicIsAnError) {
  const absl::Status assigned = NewConsumer()->Assign({{Unique("none"), 0, 0}});
  EXPECT_EQ(assigned.code(), absl::StatusCode::kNotFound) << assigned;
}

TEST_F(ConsumerTest, GoesOnFromTheCommittedOffset) {
  const std::string topic = NewTopic("commit", 2);
  Write(topic, 0, {"0", "1", "2"});
  const std::string group = Unique("group");
  const auto writer = NewConsumer({.group = group});

  const absl::Status committed = writer->CommitOffsets({{topic, 0, 2}});
  const auto known = writer->Committed({{topic, 0}, {topic, 1}}, kWait);

  ASSERT_TRUE(committed.ok()) << committed;
  ASSERT_TRUE(known.ok()) << known.status();
  EXPECT_THAT(*known, ElementsAre(TopicPartitionOffset{topic, 0, 2},
                                  TopicPartitionOffset{topic, 1, kOffsetUnknown}));
  const auto reader = NewConsumer({.group = group});
  ASSERT_TRUE(reader->Assign({{topic, 0, kOffsetCommitted}, {topic, 1, kOffsetCommitted}}).ok());
  EXPECT_THAT(testing::Values(Take(*reader, 1)), ElementsAre("2"));
  EXPECT_TRUE(admin().DeleteGroup(group, kWait).ok());
}

TEST_F(ConsumerTest, FindsTheOffsetsOfTimes) {
  const std::string topic = NewTopic("times", 2);
  const auto producer = Producer::Create(config());
  ASSERT_TRUE(producer.ok());
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  std::vector<Record> records;
  for (int i = 0; i < 5; ++i) {
    records.push_back({.topic = topic,
                       .partition = 0,
                       .timestamp = start + absl::Minutes(i),
                       .value = absl::StrCat(i)});
  }
  ASSERT_TRUE((*producer)->ProduceAll(records, kWait).ok());
  const TopicPartition first = {topic, 0};

  const auto offsets = NewConsumer()->OffsetsForTimes(
      {{first, start + absl::Minutes(2) + absl::Seconds(1)}, {{topic, 1}, start}}, kWait);
  const auto query = OffsetQuery::Create(config());
  ASSERT_TRUE(query.ok()) << query.status();
  const auto late = (*query)->OffsetsForTimes({{first, start + absl::Hours(1)}}, kWait);

  ASSERT_TRUE(offsets.ok()) << offsets.status();
  EXPECT_THAT(*offsets,
              ElementsAre(TopicPartitionOffset{topic, 0, 3}, TopicPartitionOffset{topic, 1, 0}));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_THAT(*late, ElementsAre(TopicPartitionOffset{topic, 0, 5}));
}

TEST_F(ConsumerTest, WithoutABrokerItAnswersInTimeAndIsDestroyed) {
  KafkaConfig unreachable = config();
  unreachable.brokers = "127.0.0.1:1";
  unreachable.logger = nullptr;
  const auto consumer = Consumer::Create(unreachable);
  ASSERT_TRUE(consumer.ok()) << consumer.status();

  const absl::Status asked =
      (*consumer)->QueryWatermarks({"t", 0}, absl::Milliseconds(200)).status();

  EXPECT_EQ(KindOf(asked), KafkaErrorKind::kRetriable) << asked;
}

}  // namespace
}  // namespace trama::platform
