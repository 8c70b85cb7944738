#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/platform/base/clock.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/producer.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/sla/sla_machine.h"
#include "services/sla/testing.h"

// The machine on the real loop: what fires when nobody has read the log for a while.
namespace trama::sla {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::ElementsAre;

constexpr absl::Duration kTarget = absl::Minutes(1);

// One process of the service.
class Owner {
 public:
  Owner(const platform::KafkaConfig& kafka, platform::EngineSpec spec) {
    testing::ConfigBuilder config;
    config.Policy("standard", "", absl::FormatDuration(kTarget));
    const ConfigRevision revision = config.Revision(1);
    config_.Set(std::make_shared<platform::ConfigView>(
        std::static_pointer_cast<const config::v1::Snapshot>(revision.snapshot)));
    auto host =
        platform::EngineHost::Create(std::move(spec), {kafka, clock_, metrics_, health_, config_});
    EXPECT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    const absl::Status started = host_->Start("here:1");
    EXPECT_TRUE(started.ok()) << started;
  }

  bool ready() { return health_.Ready().fine; }

 private:
  platform::SystemClock clock_;
  platform::Metrics metrics_;
  platform::Health health_{clock_};
  platform::FixedConfig config_;
  std::unique_ptr<platform::EngineHost> host_;
};

class SlaLoopTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    const std::map<std::string, std::string> compacted = {{"cleanup.policy", "compact"}};
    spec_.service = Unique("sla");
    topics_.conversations = NewTopic("conversations", 1);
    topics_.sla = NewTopic("sla", 1);
    spec_.inputs = {{topics_.conversations, &ConversationEvent::default_instance()}};
    spec_.outputs = {topics_.sla};
    spec_.changelog = NewTopic("changelog", 1, compacted);
    spec_.owners = NewTopic("owners", 1, compacted);
    spec_.dead_letters = NewTopic("dead", 1);
    spec_.push = [](int32_t, int64_t, const Push&) {};
    spec_.make_machine = [topics = topics_](int32_t) {
      return std::make_unique<SlaMachine>(topics);
    };
  }

  // The next event of a conversation, `ago` before the beginning of the test.
  ConversationEvent& Add(const std::string& id, absl::Duration ago) {
    ConversationEvent& event = events_.emplace_back();
    event.set_workspace("demo");
    event.set_channel("webchat");
    event.set_conversation_id(id);
    event.set_sequence(++sequences_[id]);
    event.set_event_id(absl::StrCat(id, "/", event.sequence()));
    *event.mutable_occurred_at() = testing::ToProto(began_ - ago);
    return event;
  }
  void AddQueued(const std::string& id, absl::Duration ago) {
    ConversationEvent& event = Add(id, ago);
    event.mutable_queued()->set_queue("support");
    event.mutable_queued()->set_is_new_entry(true);
    *event.mutable_queued()->mutable_enqueued_at() = event.occurred_at();
  }
  void AddAccepted(const std::string& id, absl::Duration ago) {
    Add(id, ago).mutable_accepted()->set_agent_id("ana");
  }
  // Everything added so far goes to the topic.
  void WriteEvents() {
    std::vector<platform::Record> records;
    for (const ConversationEvent& event : events_) {
      auto record = platform::EventRecord({.topic = topics_.conversations,
                                           .key = event.conversation_id(),
                                           .type = event.GetTypeName(),
                                           .id = event.event_id(),
                                           .value = event.SerializeAsString()},
                                          0, "/trama/routing");
      ASSERT_TRUE(record.ok()) << record.status();
      records.push_back(*std::move(record));
    }
    events_.clear();
    const auto producer = platform::Producer::Create(config());
    ASSERT_TRUE(producer.ok()) << producer.status();
    const absl::Status written = (*producer)->ProduceAll(records, absl::Seconds(30));
    ASSERT_TRUE(written.ok()) << written;
  }

  // What was published of a conversation's clock.
  std::vector<std::string> Story(const std::string& id) {
    std::vector<std::string> words;
    for (const platform::Record& record : ReadAll(topics_.sla, 0)) {
      v1::SlaEvent event;
      EXPECT_TRUE(event.ParseFromString(record.value.value_or("")));
      if (event.conversation_id() == id) words.push_back(testing::InWords(event));
    }
    return words;
  }

  const absl::Time began_ = absl::Now();
  SlaTopics topics_;
  platform::EngineSpec spec_;
  std::vector<ConversationEvent> events_;
  std::map<std::string, int64_t> sequences_;
};

// Between the question and its answer stand more records than one batch holds, so that the loop
// comes past the due time while it has not read the answer.
TEST_F(SlaLoopTest, WhatWasAnsweredWhileNobodyReadIsNoBreach) {
  constexpr int kOthers = 3000;
  {
    Owner owner(config(), spec_);
    AddQueued("answered", absl::Seconds(90));
    AddQueued("forgotten", absl::Seconds(90));
    AddQueued("late", absl::Seconds(90));
    WriteEvents();
    ASSERT_TRUE(Eventually([&] { return Story("forgotten").size() == 2; }));
  }
  EXPECT_THAT(Story("forgotten"), ElementsAre("queue answer activated", "queue answer breached"));
  // Nobody owns the partition now.
  AddQueued("calm", absl::Seconds(80));
  for (int i = 0; i < kOthers; ++i)
    Add(absl::StrCat("other-", i), absl::Seconds(70)).mutable_opened();
  AddAccepted("calm", absl::Seconds(30));
  AddAccepted("answered", absl::Seconds(31));
  AddAccepted("late", absl::Seconds(29));
  WriteEvents();

  Owner owner(config(), spec_);
  ASSERT_TRUE(Eventually([&] { return Story("late").size() == 3; }));
  EXPECT_THAT(Story("calm"),
              ElementsAre("queue answer activated", "queue answer fulfilled in time"));
  // It was due before the first owner went, and the answer, in time, was written after that.
  EXPECT_THAT(Story("answered"),
              ElementsAre("queue answer activated", "queue answer breached",
                          "queue answer breach revised", "queue answer fulfilled in time"));
  EXPECT_THAT(Story("late"), ElementsAre("queue answer activated", "queue answer breached",
                                         "queue answer fulfilled late"));
  EXPECT_THAT(Story("forgotten"), ElementsAre("queue answer activated", "queue answer breached"));
}

}  // namespace
}  // namespace trama::sla
