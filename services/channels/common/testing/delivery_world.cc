#include "services/channels/common/testing/delivery_world.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/channels/common/delivery_past.h"
#include "services/channels/common/proto_time.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/producer.h"

namespace trama::channels::testing {

namespace {

constexpr absl::Duration kWait = absl::Seconds(30);

std::string Word(delivery::v1::Status status) {
  std::string word = delivery::v1::Status_Name(status).substr(7);
  for (char& c : word) c = static_cast<char>(std::tolower(c));
  return word;
}

}  // namespace

void DeliveryWorld::SetUp() {
  BrokerTest::SetUp();
  if (HasFatalFailure()) return;
  outbound_ = NewTopic("outbound", 1);
  deliveries_ = NewTopic("deliveries", 1);
  dead_letters_ = NewTopic("deadletter", 1);
}

DeliveryLoopOptions DeliveryWorld::Options() const {
  DeliveryLoopOptions options;
  options.rules.channel = "sms";
  options.rules.receipt_wait = absl::Milliseconds(300);
  options.rules.backoff_base = absl::Milliseconds(50);
  options.outbound_topic = outbound_;
  options.deliveries_topic = deliveries_;
  options.dead_letter_topic = dead_letters_;
  options.group = Unique("group");
  options.instance_id = "sms-0";
  return options;
}

DeliveryAccounts AccountsOfWorld() { return {{"demo/main", DeliveryAccount{}}}; }

void DeliveryWorld::WriteMessages(int first, int count, const std::string& conversation) {
  auto producer = platform::Producer::Create(config());
  ASSERT_TRUE(producer.ok()) << producer.status();
  std::vector<platform::Record> records;
  for (int i = first; i < first + count; ++i) {
    outbound::v1::OutboundMessage message;
    message.set_message_id(absl::StrCat("m", i));
    message.set_conversation_id(conversation.empty() ? absl::StrCat("c", i) : conversation);
    message.set_workspace("demo");
    message.set_channel("sms");
    message.set_channel_account("main");
    message.set_recipient_address("+14155550123");
    SetProto(absl::Now(), message.mutable_created_at());
    platform::Record record;
    record.topic = outbound_;
    record.partition = 0;
    record.key = message.conversation_id();
    record.value = message.SerializeAsString();
    record.headers = {{"traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"}};
    records.push_back(std::move(record));
  }
  const absl::Status written = (*producer)->ProduceAll(records, kWait);
  ASSERT_TRUE(written.ok()) << written;
}

void DeliveryWorld::WriteReceipt(const std::string& message_id, delivery::v1::Status status) {
  auto producer = platform::Producer::Create(config());
  ASSERT_TRUE(producer.ok()) << producer.status();
  delivery::v1::Delivery receipt;
  receipt.set_message_id(message_id);
  receipt.set_channel("sms");
  receipt.set_status(status);
  platform::Record record;
  record.topic = deliveries_;
  record.partition = 0;
  record.value = receipt.SerializeAsString();
  const absl::Status written = (*producer)->ProduceAll({record}, kWait);
  ASSERT_TRUE(written.ok()) << written;
}

std::vector<delivery::v1::Delivery> DeliveryWorld::Deliveries() {
  std::vector<delivery::v1::Delivery> deliveries;
  for (const platform::Record& record : ReadAll(deliveries_, 0)) {
    delivery::v1::Delivery& delivery = deliveries.emplace_back();
    EXPECT_TRUE(delivery.ParseFromString(*record.value));
  }
  return deliveries;
}

std::map<std::string, std::string> DeliveryWorld::Stories() {
  std::map<std::string, std::string> stories;
  for (const delivery::v1::Delivery& delivery : Deliveries()) {
    std::string& story = stories[delivery.message_id()];
    absl::StrAppend(&story, story.empty() ? "" : " ", Word(delivery.status()));
    if (delivery.attempt() > 0) absl::StrAppend(&story, "#", delivery.attempt());
  }
  return stories;
}

bool DeliveryWorld::Ended(size_t count) {
  std::set<std::string> ended;
  for (const delivery::v1::Delivery& delivery : Deliveries()) {
    if (IsFinal(delivery.status())) ended.insert(delivery.message_id());
  }
  return ended.size() >= count;
}

int64_t DeliveryWorld::CommittedPosition() {
  platform::ConsumerOptions options;
  options.group = Options().group;
  auto consumer = platform::Consumer::Create(config(), options);
  if (!consumer.ok()) return -1;
  auto committed = (*consumer)->Committed({{outbound_, 0}}, kWait);
  return committed.ok() ? committed->front().offset : -1;
}

}  // namespace trama::channels::testing
