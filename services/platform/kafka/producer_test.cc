#include "services/platform/kafka/producer.h"

#include <atomic>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kWait;
using testing::Noise;

class ProducerTest : public testing::BrokerTest {
 protected:
  std::unique_ptr<Producer> NewProducer(ProducerOptions options = {}) {
    absl::StatusOr<std::unique_ptr<Producer>> producer =
        Producer::Create(config(), std::move(options));
    EXPECT_TRUE(producer.ok()) << producer.status();
    return *std::move(producer);
  }
};

TEST_F(ProducerTest, WritesToPartitionsThatWereAddedSince) {
  const std::string topic = NewTopic("growing", 1);
  const auto producer = NewProducer();
  ASSERT_TRUE(
      producer->ProduceAll({{.topic = topic, .partition = 0, .value = "before"}}, kWait).ok());
  const absl::Status grown = admin().GrowTopics({{topic, 3}}, kWait);
  ASSERT_TRUE(grown.ok()) << grown;

  const absl::Status written =
      producer->ProduceAll({{.topic = topic, .partition = 2, .value = "after"}}, kWait);

  EXPECT_TRUE(written.ok()) << written;
  EXPECT_EQ(ReadAll(topic, 2).size(), 1);
  const absl::Status beyond =
      producer->ProduceAll({{.topic = topic, .partition = 3, .value = "beyond"}}, kWait);
  EXPECT_TRUE(absl::IsNotFound(beyond)) << beyond;
}

TEST_F(ProducerTest, WritesKeyValueHeadersAndTimestamp) {
  const std::string topic = NewTopic("all", 3);
  const auto producer = NewProducer();
  const absl::Time time = absl::FromUnixMillis(1'700'000'000'123);

  const absl::Status written =
      producer->ProduceAll({{.topic = topic,
                             .partition = 2,
                             .timestamp = time,
                             .key = "key",
                             .value = std::string("a\0b", 3),
                             .headers = {{"one", "1"}, {"two", std::string("\0\xff", 2)}}}},
                           kWait);

  ASSERT_TRUE(written.ok()) << written;
  const std::vector<Record> read = ReadAll(topic, 2);
  ASSERT_EQ(read.size(), 1);
  EXPECT_EQ(read[0].topic, topic);
  EXPECT_EQ(read[0].partition, 2);
  EXPECT_EQ(read[0].offset, 0);
  EXPECT_EQ(read[0].timestamp, time);
  EXPECT_EQ(read[0].key, "key");
  EXPECT_EQ(read[0].value, std::string("a\0b", 3));
  EXPECT_THAT(read[0].headers,
              ElementsAre(Header{"one", "1"}, Header{"two", std::string("\0\xff", 2)}));
}

TEST_F(ProducerTest, TellsATombstoneFromAnEmptyValue) {
  const std::string topic = NewTopic("empty", 1);
  const auto producer = NewProducer();

  const absl::Status written =
      producer->ProduceAll({{.topic = topic, .partition = 0, .key = "k", .value = ""},
                            {.topic = topic, .partition = 0, .key = "k", .value = std::nullopt}},
                           kWait);

  ASSERT_TRUE(written.ok()) << written;
  EXPECT_THAT(testing::Values(ReadAll(topic, 0)), ElementsAre("", "<none>"));
}

// Kafka's murmur2 over 8 partitions, as the Java client places these keys: positive values of
// murmur2("21") = -973932308, murmur2("foobar") = -790332482, murmur2("a-little-bit-long-string") =
// -985981536 (vectors of Kafka's own UtilsTest).
TEST_F(ProducerTest, PlacesKeysAsKafkasOwnClientDoes) {
  const std::string topic = NewTopic("keyed", 8);
  const auto producer = NewProducer();
  const std::vector<std::pair<std::string, int32_t>> vectors = {
      {"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536}};

  for (const auto& [key, hash] : vectors) {
    const absl::Status written =
        producer->ProduceAll({{.topic = topic, .key = key, .value = key}}, kWait);
    ASSERT_TRUE(written.ok()) << written;
    const std::vector<std::string> there = testing::Values(ReadAll(topic, (hash & 0x7fffffff) % 8));
    EXPECT_THAT(there, ::testing::Contains(key));
  }
}

TEST_F(ProducerTest, CallsBackOnceForEachRecordWithItsOffset) {
  const std::string topic = NewTopic("callback", 1);
  const auto producer = NewProducer();
  std::mutex mutex;
  std::vector<int64_t> offsets;

  for (int i = 0; i < 100; ++i) {
    const absl::Status queued =
        producer->Produce({.topic = topic, .partition = 0, .value = absl::StrCat(i)},
                          [&](const absl::StatusOr<Delivery>& delivery) {
                            const std::lock_guard lock(mutex);
                            offsets.push_back(delivery.ok() ? delivery->offset : -1);
                          });
    ASSERT_TRUE(queued.ok()) << queued;
  }

  ASSERT_TRUE(producer->Flush(kWait).ok());
  std::vector<int64_t> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(i);
  EXPECT_EQ(offsets, expected);
  EXPECT_EQ(producer->queued(), 0);
}

TEST_F(ProducerTest, RefusesWhatDoesNotFitTheQueue) {
  ProducerOptions options;
  options.queue_records_max = 10;
  // Nothing leaves while the test fills the queue.
  options.linger = absl::Seconds(10);
  const std::string topic = NewTopic("full", 1);
  const auto producer = NewProducer(options);

  absl::Status status;
  for (int i = 0; i < 11 && status.ok(); ++i) {
    status = producer->Produce({.topic = topic, .partition = 0, .value = "v"});
  }

  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(KindOf(status), KafkaErrorKind::kRetriable);
  EXPECT_TRUE(producer->health().ok());
}

TEST_F(ProducerTest, NamesAMissingTopic) {
  ProducerOptions options;
  options.message_timeout = absl::Seconds(2);
  const auto producer = NewProducer(options);

  const absl::Status written =
      producer->ProduceAll({{.topic = Unique("none"), .partition = 0, .value = "v"}}, kWait);

  EXPECT_THAT(std::string(written.message()), HasSubstr(Unique("none"))) << written;
}

TEST_F(ProducerTest, GoesOnAfterARecordThatTheBrokerRefuses) {
  const std::string topic = NewTopic("small", 1, {{"max.message.bytes", "1000"}});
  const auto producer = NewProducer();

  const absl::Status refused =
      producer->ProduceAll({{.topic = topic, .partition = 0, .value = Noise(100'000)}}, kWait);
  const absl::Status next =
      producer->ProduceAll({{.topic = topic, .partition = 0, .value = "next"}}, kWait);

  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  EXPECT_TRUE(next.ok()) << next;
}

TEST_F(ProducerTest, GaplessWritesNothingBehindAHole) {
  const std::string topic = NewTopic("gapless", 1, {{"max.message.bytes", "2000"}});
  ProducerOptions options;
  options.gapless = true;
  std::atomic<int> fatal_count = 0;
  options.on_fatal = [&](const absl::Status&) { ++fatal_count; };
  const auto producer = NewProducer(options);
  std::mutex mutex;
  std::vector<std::string> acknowledged;

  absl::Status queued;
  for (int i = 0; i < 2000 && queued.ok(); ++i) {
    const std::string value = i == 500 ? Noise(100'000) : absl::StrCat("v", i);
    queued = producer->Produce({.topic = topic, .partition = 0, .value = value},
                               [&, i](const absl::StatusOr<Delivery>& delivery) {
                                 const std::lock_guard lock(mutex);
                                 if (delivery.ok()) acknowledged.push_back(absl::StrCat("v", i));
                               });
  }

  const absl::Status flushed = producer->Flush(kWait);
  EXPECT_NE(flushed.code(), absl::StatusCode::kDeadlineExceeded) << flushed;
  EXPECT_FALSE(producer->health().ok());
  EXPECT_EQ(fatal_count, 1);
  EXPECT_FALSE(producer->Produce({.topic = topic, .partition = 0, .value = "late"}).ok());
  const std::vector<std::string> written = testing::Values(ReadAll(topic, 0));
  EXPECT_LE(written.size(), 500);
  for (size_t i = 0; i < written.size(); ++i) EXPECT_EQ(written[i], absl::StrCat("v", i));
  EXPECT_LE(acknowledged.size(), written.size());
}

TEST_F(ProducerTest, DestructionFailsWhatIsQueued) {
  KafkaConfig unreachable = config();
  unreachable.brokers = "127.0.0.1:1";
  unreachable.logger = nullptr;
  std::atomic<int> failed = 0;
  {
    absl::StatusOr<std::unique_ptr<Producer>> producer = Producer::Create(unreachable);
    ASSERT_TRUE(producer.ok()) << producer.status();
    for (int i = 0; i < 10; ++i) {
      const absl::Status queued =
          (*producer)->Produce({.topic = "t", .partition = 0, .value = "v"},
                               [&](const absl::StatusOr<Delivery>& delivery) {
                                 if (absl::IsAborted(delivery.status())) ++failed;
                               });
      ASSERT_TRUE(queued.ok()) << queued;
    }
  }
  EXPECT_EQ(failed, 10);
}

class ProducerOnIoTest : public ProducerTest {
 protected:
  std::unique_ptr<Producer> NewProducerOnIo() {
    ProducerOptions options;
    options.awaited = true;
    options.io = &io_;
    return NewProducer(std::move(options));
  }

  boost::asio::io_context io_;
};

TEST_F(ProducerOnIoTest, AnswersOnItsThreadAndKeepsTheOrder) {
  const std::string topic = NewTopic("io", 1);
  const auto work = boost::asio::make_work_guard(io_);
  std::thread thread([&] { io_.run(); });
  const auto producer = NewProducerOnIo();
  constexpr int kRecords = 200;
  std::vector<int64_t> offsets;
  std::atomic<int> elsewhere = 0;
  std::promise<void> last;

  for (int i = 0; i < kRecords; ++i) {
    const absl::Status queued =
        producer->Produce({.topic = topic, .partition = 0, .value = absl::StrCat(i)},
                          [&](const absl::StatusOr<Delivery>& delivery) {
                            if (std::this_thread::get_id() != thread.get_id()) ++elsewhere;
                            offsets.push_back(delivery.ok() ? delivery->offset : -1);
                            if (offsets.size() == kRecords) last.set_value();
                          });
    ASSERT_TRUE(queued.ok()) << queued;
  }

  EXPECT_EQ(last.get_future().wait_for(absl::ToChronoSeconds(kWait)), std::future_status::ready);
  io_.stop();
  thread.join();
  EXPECT_EQ(elsewhere, 0);
  std::vector<int64_t> expected(kRecords);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(offsets, expected);
}

TEST_F(ProducerOnIoTest, FlushNeedsNobodyElse) {
  const std::string topic = NewTopic("alone", 1);
  const auto producer = NewProducerOnIo();
  bool delivered = false;
  const absl::Status queued = producer->Produce(
      {.topic = topic, .partition = 0, .value = "v"},
      [&](const absl::StatusOr<Delivery>& delivery) { delivered = delivery.ok(); });
  ASSERT_TRUE(queued.ok()) << queued;

  EXPECT_TRUE(producer->Flush(kWait).ok());

  EXPECT_TRUE(delivered);
}

TEST_F(ProducerOnIoTest, DestructionFailsWhatIsQueued) {
  KafkaConfig unreachable = config();
  unreachable.brokers = "127.0.0.1:1";
  unreachable.logger = nullptr;
  int failed = 0;
  {
    auto producer = Producer::Create(unreachable, {.awaited = true, .io = &io_});
    ASSERT_TRUE(producer.ok()) << producer.status();
    const absl::Status queued = (*producer)->Produce({.topic = "t", .partition = 0, .value = "v"},
                                                     [&](const absl::StatusOr<Delivery>& delivery) {
                                                       if (absl::IsAborted(delivery.status()))
                                                         ++failed;
                                                     });
    ASSERT_TRUE(queued.ok()) << queued;
  }
  EXPECT_EQ(failed, 1);
  io_.run();  // Nothing of it is left there.
}

TEST_F(ProducerTest, ProduceAllOfNothingIsDone) {
  EXPECT_TRUE(NewProducer()->ProduceAll({}, kWait).ok());
}

}  // namespace
}  // namespace trama::platform
