#include "services/platform/kafka/transactional_producer.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kWait;

class TransactionalProducerTest : public testing::BrokerTest {
 protected:
  std::unique_ptr<TransactionalProducer> NewProducer(const std::string& id) {
    absl::StatusOr<std::unique_ptr<TransactionalProducer>> producer =
        TransactionalProducer::Create(config(), {.transactional_id = id});
    EXPECT_TRUE(producer.ok()) << producer.status();
    return *std::move(producer);
  }

  // One that owns `id`.
  std::unique_ptr<TransactionalProducer> NewOwner(const std::string& id) {
    std::unique_ptr<TransactionalProducer> producer = NewProducer(id);
    const absl::Status initialised = producer->Init(kWait);
    EXPECT_TRUE(initialised.ok()) << initialised;
    return producer;
  }

  std::unique_ptr<Consumer> NewReader(const std::string& topic) {
    absl::StatusOr<std::unique_ptr<Consumer>> consumer = Consumer::Create(config());
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    EXPECT_TRUE((*consumer)->Assign({{topic, 0, kOffsetBeginning}}).ok());
    return *std::move(consumer);
  }
};

Record To(const std::string& topic, const std::string& value) {
  return {.topic = topic, .partition = 0, .value = value};
}

TEST_F(TransactionalProducerTest, CommittedRecordsAreSeenAbortedOnesAreNot) {
  const std::string topic = NewTopic("txn", 1);
  const auto producer = NewOwner(Unique("id"));

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(To(topic, "withdrawn")).ok());
  ASSERT_TRUE(producer->Abort(kWait).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(To(topic, "kept")).ok());
  const absl::Status committed = producer->Commit(kWait);

  ASSERT_TRUE(committed.ok()) << committed;
  EXPECT_THAT(testing::Values(ReadAll(topic, 0)), ElementsAre("kept"));
}

TEST_F(TransactionalProducerTest, CommitsSeveralTopicsTogether) {
  const std::string one = NewTopic("one", 1);
  const std::string two = NewTopic("two", 1);
  const auto producer = NewOwner(Unique("id"));
  ASSERT_TRUE(producer->PrefetchMetadata({one, two}, kWait).ok());

  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Produce(To(one, absl::StrCat(i))).ok());
    ASSERT_TRUE(producer->Produce(To(two, absl::StrCat(i))).ok());
    const absl::Status committed = producer->Commit(kWait);
    ASSERT_TRUE(committed.ok()) << committed;
  }

  EXPECT_EQ(ReadAll(one, 0).size(), 20);
  EXPECT_EQ(ReadAll(two, 0).size(), 20);
}

TEST_F(TransactionalProducerTest, AnEmptyTransactionCommits) {
  const auto producer = NewOwner(Unique("id"));
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_TRUE(producer->Commit(kWait).ok());
}

TEST_F(TransactionalProducerTest, AZombieIsFencedAndNothingOfItIsSeen) {
  const std::string topic = NewTopic("txn", 1);
  const std::string id = Unique("id");
  const auto zombie = NewOwner(id);
  ASSERT_TRUE(zombie->Begin().ok());
  ASSERT_TRUE(zombie->Produce(To(topic, "zombie")).ok());

  const auto owner = NewOwner(id);
  const absl::Status late = zombie->Commit(kWait);
  ASSERT_TRUE(owner->Begin().ok());
  ASSERT_TRUE(owner->Produce(To(topic, "owner")).ok());
  ASSERT_TRUE(owner->Commit(kWait).ok());

  EXPECT_EQ(KindOf(late), KafkaErrorKind::kFenced) << late;
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(KindOf(zombie->Begin()), KafkaErrorKind::kFenced);
  EXPECT_THAT(testing::Values(ReadAll(topic, 0)), ElementsAre("owner"));
}

TEST_F(TransactionalProducerTest, AZombieIsFencedAfterItWasIdle) {
  const std::string topic = NewTopic("txn", 1);
  const std::string id = Unique("id");
  const auto zombie = NewOwner(id);
  ASSERT_TRUE(zombie->Begin().ok());
  ASSERT_TRUE(zombie->Produce(To(topic, "before")).ok());
  ASSERT_TRUE(zombie->Commit(kWait).ok());

  const auto owner = NewOwner(id);
  ASSERT_TRUE(zombie->Begin().ok());
  ASSERT_TRUE(zombie->Produce(To(topic, "late")).ok());
  const absl::Status late = zombie->Commit(kWait);

  EXPECT_EQ(KindOf(late), KafkaErrorKind::kFenced) << late;
  EXPECT_THAT(testing::Values(ReadAll(topic, 0)), ElementsAre("before"));
}

TEST_F(TransactionalProducerTest, TakingOverEndsTheOpenTransactionOfADeadOwner) {
  const std::string topic = NewTopic("txn", 1);
  const std::string id = Unique("id");
  {
    const auto dead = NewOwner(id);
    ASSERT_TRUE(dead->Begin().ok());
    ASSERT_TRUE(dead->Produce(To(topic, "lost")).ok());
    // Until the record lies in the topic: only then does the transaction stop its readers.
    const auto reader = NewReader(topic);
    const absl::Time deadline = absl::Now() + kWait;
    int64_t high = 0;
    while (high == 0 && absl::Now() < deadline) {
      high = reader->QueryWatermarks({topic, 0}, kWait)->high;
    }
    ASSERT_EQ(high, 1);
  }

  const auto owner = NewOwner(id);

  // At once, not after the transaction's time-out of 10 s.
  const auto reader = NewReader(topic);
  EXPECT_EQ(reader->QueryWatermarks({topic, 0}, kWait)->high, 2);
  EXPECT_TRUE(reader
                  ->ReadToEnd(absl::Now() + absl::Seconds(5),
                              [](const Record&) { return absl::InternalError("a lost record"); })
                  .ok());
}

TEST_F(TransactionalProducerTest, ARefusedRecordAbortsTheTransactionAndIsNamed) {
  const std::string topic = NewTopic("small", 1, {{"max.message.bytes", "1000"}});
  const auto producer = NewOwner(Unique("id"));
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(To(topic, "first")).ok());
  std::string noise;
  for (unsigned i = 0; i < 20'000; ++i) noise.push_back(static_cast<char>(i * i * 31 + i / 7));
  ASSERT_TRUE(producer->Produce(To(topic, noise)).ok());

  const absl::Status refused = producer->Commit(kWait);
  const absl::Status aborted = producer->Abort(kWait);
  absl::Status committed;
  for (int attempt = 0; attempt < 2; ++attempt) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Produce(To(topic, "second")).ok());
    committed = producer->Commit(kWait);
    if (committed.ok()) break;
    ASSERT_TRUE(producer->Abort(kWait).ok());
  }

  EXPECT_EQ(KindOf(refused), KafkaErrorKind::kAbortable) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr(topic));
  EXPECT_TRUE(aborted.ok()) << aborted;
  EXPECT_TRUE(committed.ok()) << committed;
  EXPECT_THAT(testing::Values(ReadAll(topic, 0)), ElementsAre("second"));
}

TEST_F(TransactionalProducerTest, PrefetchNamesAMissingTopic) {
  const auto producer = NewOwner(Unique("id"));
  const absl::Status status = producer->PrefetchMetadata({Unique("none")}, kWait);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(Unique("none")));
}

TEST_F(TransactionalProducerTest, InitTimesOutWithoutABrokerAndDestructionDoesNotHang) {
  KafkaConfig unreachable = config();
  unreachable.brokers = "127.0.0.1:1";
  unreachable.logger = nullptr;
  const auto producer = TransactionalProducer::Create(unreachable, {.transactional_id = "id"});
  ASSERT_TRUE(producer.ok()) << producer.status();

  const absl::Status status = (*producer)->Init(absl::Seconds(1));

  EXPECT_EQ(KindOf(status), KafkaErrorKind::kRetriable) << status;
}

TEST_F(TransactionalProducerTest, WithoutAnIdThereIsNone) {
  EXPECT_EQ(TransactionalProducer::Create(config(), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trama::platform
