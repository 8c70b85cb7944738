#include "services/platform/engine/testing/engine_fixture.h"

#include <algorithm>
#include <future>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "google/protobuf/wrappers.pb.h"
#include "services/kernel/ids.h"
#include "services/platform/engine/testing/ledger.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/producer.h"

namespace trama::platform::testing {

using google::protobuf::StringValue;

namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(20);
constexpr absl::Duration kCallsTimeout = absl::Seconds(60);

std::string TextOf(const google::protobuf::Message& message) {
  return static_cast<const StringValue&>(message).value();
}

// Waits for `holds`, looking now and then; false when `timeout` is over.
bool WaitFor(const std::function<bool()>& holds, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::Notification never;
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    never.WaitForNotificationWithTimeout(kLookAgain);
  }
  return true;
}

}  // namespace

std::string EngineNames::ToText() const {
  return absl::StrJoin({brokers, service, in, more, out, changelog, owners, dead}, ",");
}

EngineNames EngineNames::FromText(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  return {parts.at(0), parts.at(1), parts.at(2), parts.at(3),
          parts.at(4), parts.at(5), parts.at(6), parts.at(7)};
}

KafkaConfig KafkaOf(const EngineNames& names) {
  KafkaConfig config;
  config.brokers = names.brokers;
  config.client_id = names.service;
  return config;
}

EngineSpec LedgerSpec(const EngineNames& names) {
  EngineSpec spec;
  spec.service = names.service;
  spec.inputs = {{names.in, &StringValue::default_instance()},
                 {names.more, &StringValue::default_instance()}};
  spec.changelog = names.changelog;
  spec.outputs = {names.out};
  spec.owners = names.owners;
  spec.dead_letters = names.dead;
  spec.make_machine = [out = names.out](int32_t partition) {
    return std::make_unique<Ledger>(out, partition);
  };
  return spec;
}

Replica::Replica(const EngineNames& names, const std::string& address,
                 std::function<void(EngineSpec&)> change)
    : address_(address) {
  EngineSpec spec = LedgerSpec(names);
  spec.push = [this](int32_t, int64_t, const Push& push) { Hear(TextOf(*push.message)); };
  spec.ask = [this](int32_t, int64_t incarnation, const Question& question) {
    std::lock_guard lock(mutex_);
    asked_.emplace_back(incarnation, question);
  };
  if (change) change(spec);
  absl::StatusOr<std::unique_ptr<EngineHost>> host = EngineHost::Create(
      std::move(spec), EngineDeps{KafkaOf(names), clock_, metrics_, health_, config_});
  EXPECT_TRUE(host.ok()) << host.status();
  host_ = *std::move(host);
}

Replica::~Replica() { host_.reset(); }

void Replica::Start() {
  const absl::Status started = host_->Start(address_);
  ASSERT_TRUE(started.ok()) << started;
}

bool Replica::WaitReady(absl::Duration timeout) {
  return WaitFor([&] { return health_.Ready().fine; }, timeout);
}

bool Replica::WaitCommitted(int32_t partition) {
  // A read is answered when what it saw is committed.
  return WaitReady() && Call(partition, "get anything").ok();
}

absl::StatusOr<std::string> Replica::CallOnce(int32_t partition, const std::string& text,
                                              absl::Duration timeout) {
  auto request = std::make_shared<StringValue>();
  request->set_value(text);
  // Shared: an answer may come after we have given up.
  auto answered = std::make_shared<std::promise<absl::StatusOr<std::string>>>();
  auto answer = answered->get_future();
  host_->Submit(partition, Command{.request = request}, absl::Now() + timeout,
                [this, answered](absl::Status status, MessagePtr response) {
                  if (!status.ok()) return answered->set_value(status);
                  Hear("reply " + TextOf(*response));
                  answered->set_value(TextOf(*response));
                });
  const auto limit = absl::ToChronoMilliseconds(timeout + absl::Seconds(30));
  if (answer.wait_for(limit) != std::future_status::ready) {
    return absl::InternalError("the call was never answered");
  }
  return answer.get();
}

absl::StatusOr<std::string> Replica::Call(int32_t partition, const std::string& text) {
  absl::StatusOr<std::string> answer = absl::UnavailableError("not asked");
  WaitFor(
      [&] {
        answer = CallOnce(partition, text);
        return !absl::IsUnavailable(answer.status());
      },
      kCallsTimeout);
  return answer;
}

std::vector<std::string> Replica::heard() const {
  std::lock_guard lock(mutex_);
  return heard_;
}

std::vector<std::pair<int64_t, Question>> Replica::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

void Replica::Hear(std::string what) {
  std::lock_guard lock(mutex_);
  heard_.push_back(std::move(what));
}

EngineNames EngineTest::NewEngine(int32_t partitions) {
  const std::map<std::string, std::string> compacted = {{"cleanup.policy", "compact"}};
  EngineNames names;
  names.brokers = config().brokers;
  names.service = Unique("engine");
  names.in = NewTopic("in", partitions);
  names.more = NewTopic("more", partitions);
  names.out = NewTopic("out", partitions);
  names.changelog = NewTopic("changelog", partitions, compacted);
  names.owners = NewTopic("owners", 1, compacted);
  names.dead = NewTopic("dead", 1);
  return names;
}

void EngineTest::WriteWords(const std::string& topic, int32_t partition,
                            const std::vector<std::string>& words) {
  const auto producer = Producer::Create(config());
  ASSERT_TRUE(producer.ok()) << producer.status();
  std::vector<Record> records;
  for (const std::string& word : words) {
    StringValue value;
    value.set_value(word);
    absl::StatusOr<Record> record = EventRecord({.topic = topic,
                                                 .key = word,
                                                 .type = "trama.test.v1.Word",
                                                 .id = DerivedId(topic, ++written_),
                                                 .subject = word,
                                                 .time = absl::FromUnixSeconds(1'700'000'000),
                                                 .value = value.SerializeAsString()},
                                                partition, "/trama/test");
    ASSERT_TRUE(record.ok()) << record.status();
    records.push_back(*std::move(record));
  }
  const absl::Status written = (*producer)->ProduceAll(records, absl::Seconds(30));
  ASSERT_TRUE(written.ok()) << written;
}

std::vector<std::string> EngineTest::Out(const EngineNames& names, int32_t partition) {
  std::vector<std::string> texts;
  for (const Record& record : ReadAll(names.out, partition)) {
    StringValue value;
    EXPECT_TRUE(value.ParseFromString(record.value.value_or("")));
    texts.push_back(value.value());
  }
  return texts;
}

std::map<std::string, int64_t> EngineTest::Totals(const EngineNames& names, int32_t partition) {
  std::map<std::string, int64_t> totals;
  for (const std::string& text : Out(names, partition)) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, '=');
    int64_t count = 0;
    EXPECT_TRUE(absl::SimpleAtoi(parts.second, &count));
    // Each count once and in order, or something was lost or done twice.
    EXPECT_EQ(count, totals[parts.first] + 1) << text;
    totals[parts.first] = count;
  }
  return totals;
}

}  // namespace trama::platform::testing
