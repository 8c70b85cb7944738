#include "services/profile/testing_service.h"

#include <map>

namespace trama::profile::testing {
namespace {

void AddWorkspace(const std::string& name, const std::string& secret,
                  config::v1::Snapshot& snapshot) {
  config::v1::Resource& resource = *snapshot.add_resources();
  resource.set_kind("Workspace");
  resource.mutable_metadata()->set_name(name);
  resource.mutable_workspace()->set_partition(1);
  resource.mutable_workspace()->set_default_region("BR");
  resource.mutable_workspace()->set_identity_secret(secret);
}

}  // namespace

void ProfileTest::SetUp() {
  BrokerTest::SetUp();
  if (HasFatalFailure()) return;
  world_.kafka = config();
  world_.group = Unique("profile");
  world_.topics.interactions = NewTopic("interactions", 2);
  world_.topics.outbound = {NewTopic("outbound", 2)};
  world_.topics.deliveries = NewTopic("deliveries", 2);
  world_.topics.conversations = NewTopic("conversations", 2);
  world_.topics.sla = NewTopic("sla", 2);
  world_.topics.profiles = NewTopic("profiles", 3);
  world_.topics.profiles_partitions = 3;
  world_.topics.dead_letters = NewTopic("deadletter", 1);
  auto redis = platform::RedisProcess::Start();
  ASSERT_TRUE(redis.ok()) << redis.status();
  world_.redis = *std::move(redis);
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(1);
  AddWorkspace(kWorkspace, "env:DEMO", *snapshot);
  AddWorkspace(kOther, "env:OTHER", *snapshot);
  world_.config.Set(std::make_shared<platform::ConfigView>(snapshot));
  producer_ = *platform::Producer::Create(config());
  AddReplica();
}

// Before the topics are deleted: librdkafka 2.0 cannot be destroyed while it reads a topic that
// goes away.
void ProfileTest::TearDown() {
  replicas_.clear();
  producer_.reset();
  BrokerTest::TearDown();
}

Replica& ProfileTest::AddReplica() {
  replicas_.push_back(std::make_unique<Replica>(world_));
  Replica& added = *replicas_.back();
  EXPECT_TRUE(platform::WaitUntil([&] { return added.ready(); }));
  return added;
}

void ProfileTest::Produce(const std::string& topic, const std::string& key,
                          const google::protobuf::Message& message, int32_t partition) {
  platform::Record record;
  record.topic = topic;
  record.partition = partition;
  record.key = key;
  record.value = message.SerializeAsString();
  if (!traceparent_.empty()) record.headers = {{"traceparent", traceparent_}};
  const absl::Status produced = producer_->ProduceAll({record}, absl::Seconds(20));
  ASSERT_TRUE(produced.ok()) << produced;
}

void ProfileTest::WaitAllRead() {
  const auto consumer = *platform::Consumer::Create(config(), {.group = world_.group});
  std::vector<platform::TopicPartition> places;
  for (const std::string& topic : world_.topics.Inputs()) {
    for (int32_t partition = 0; partition < 2; ++partition) places.push_back({topic, partition});
  }
  std::string behind;
  const bool all_read = Eventually([&] {
    const auto committed = consumer->Committed(places, absl::Seconds(10));
    if (!committed.ok()) return false;
    behind.clear();
    for (size_t i = 0; i < places.size(); ++i) {
      const auto marks = consumer->QueryWatermarks(places[i], absl::Seconds(10));
      if (!marks.ok()) return false;
      if (marks->high > std::max<int64_t>(0, (*committed)[i].offset))
        behind += places[i].topic + " ";
    }
    return behind.empty();
  });
  ASSERT_TRUE(all_read) << "not read to the end: " << behind;
}

std::map<std::string, std::string> ProfileTest::TracesOfRows() {
  std::map<std::string, std::string> traces;
  for (int32_t partition = 0; partition < world_.topics.profiles_partitions; ++partition) {
    for (const platform::Record& record : ReadAll(world_.topics.profiles, partition)) {
      const std::string* trace = platform::FindHeader(record, "traceparent");
      traces[record.key] = trace == nullptr ? "" : *trace;
    }
  }
  return traces;
}

std::map<std::string, std::string> ProfileTest::CompactedRows() {
  std::map<std::string, std::string> rows;
  for (int32_t partition = 0; partition < world_.topics.profiles_partitions; ++partition) {
    for (const platform::Record& record : ReadAll(world_.topics.profiles, partition)) {
      if (record.value.has_value()) {
        rows[record.key] = *record.value;
      } else {
        rows.erase(record.key);
      }
    }
  }
  return rows;
}

}  // namespace trama::profile::testing
