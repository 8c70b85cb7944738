#include "services/platform/kafka/testing/broker.h"

#include <unistd.h>

#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/strings.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/producer.h"

namespace trama::platform::testing {
namespace {

constexpr absl::Duration kBrokerWait = absl::Seconds(30);
constexpr absl::Duration kConditionWait = absl::Minutes(1);
constexpr absl::Duration kConditionPause = absl::Milliseconds(5);

}  // namespace

void BrokerTest::SetUp() {
  const char* brokers = std::getenv("TRAMA_TEST_KAFKA");
  ASSERT_NE(brokers, nullptr)
      << "TRAMA_TEST_KAFKA is not set: start a broker with tools/broker start --dir "
         ".run/test-kafka "
         "--port 19292 and set TRAMA_TEST_KAFKA=127.0.0.1:19292, or run tools/test integration";
  brokers_ = brokers;
  // One run of one process; two of them may use one broker.
  run_id_ = absl::StrCat(absl::ToUnixMicros(absl::Now()), "-", getpid());
  absl::StatusOr<std::unique_ptr<Admin>> admin = Admin::Create(config());
  ASSERT_TRUE(admin.ok()) << admin.status();
  admin_ = *std::move(admin);
  const auto reached = admin_->PartitionCounts(kBrokerWait);
  ASSERT_TRUE(reached.ok()) << "no broker at TRAMA_TEST_KAFKA=" << brokers_ << ": "
                            << reached.status();
}

void BrokerTest::TearDown() {
  if (admin_ == nullptr) return;
  const absl::Status deleted = admin_->DeleteTopics(topics_, kBrokerWait);
  EXPECT_TRUE(deleted.ok()) << deleted;
}

KafkaConfig BrokerTest::config() const {
  KafkaConfig config;
  config.brokers = brokers_;
  config.client_id = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  return config;
}

std::string BrokerTest::Unique(std::string_view label) const {
  return absl::StrCat("test.", ToAbsl(label), ".",
                      ::testing::UnitTest::GetInstance()->current_test_info()->name(), ".",
                      run_id_);
}

bool BrokerTest::Eventually(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + kConditionWait;
  while (!condition()) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(kConditionPause);
  }
  return true;
}

std::string BrokerTest::NewTopic(std::string_view label, int32_t partitions,
                                 std::map<std::string, std::string> settings) {
  const std::string name = Unique(label);
  const absl::Status created = admin_->CreateTopics(
      {{.name = name, .partitions = partitions, .config = std::move(settings)}}, kBrokerWait);
  EXPECT_TRUE(created.ok()) << created;
  topics_.push_back(name);
  return name;
}

void BrokerTest::Write(const std::string& topic, int32_t partition,
                       const std::vector<std::string>& values) {
  const auto producer = Producer::Create(config());
  ASSERT_TRUE(producer.ok()) << producer.status();
  std::vector<Record> records;
  for (const std::string& value : values) {
    records.push_back({.topic = topic, .partition = partition, .value = value});
  }
  const absl::Status written = (*producer)->ProduceAll(records, kBrokerWait);
  ASSERT_TRUE(written.ok()) << written;
}

std::vector<Record> BrokerTest::ReadAll(const std::string& topic, int32_t partition) {
  std::vector<Record> records;
  const auto consumer = Consumer::Create(config(), {.fetch_wait = absl::Milliseconds(5)});
  EXPECT_TRUE(consumer.ok()) << consumer.status();
  if (!consumer.ok()) return records;
  const absl::Status assigned = (*consumer)->Assign({{topic, partition, kOffsetBeginning}});
  EXPECT_TRUE(assigned.ok()) << assigned;
  const absl::Status read =
      (*consumer)->ReadToEnd(absl::Now() + kBrokerWait, [&](const Record& record) {
        records.push_back(record);
        return absl::OkStatus();
      });
  EXPECT_TRUE(read.ok()) << read;
  return records;
}

std::vector<std::string> Values(const std::vector<Record>& records) {
  std::vector<std::string> values;
  for (const Record& record : records) values.push_back(record.value.value_or("<none>"));
  return values;
}

std::string Noise(size_t bytes) {
  std::minstd_rand random(1);
  std::string noise(bytes, ' ');
  for (char& letter : noise) letter = static_cast<char>(random() >> 8);
  return noise;
}

}  // namespace trama::platform::testing
