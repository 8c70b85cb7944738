#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/reporting/testing_replica.h"
#include "trama/deadletter/v1/deadletter.pb.h"
#include "trama/reporting/v1/report_rows.pb.h"

// The whole service on a real broker and a real Redis, through its gRPC door.
namespace trama::reporting {
namespace {

using conversation::v1::ConversationEvent;
using ::google::protobuf::util::TimeUtil;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr char kWorkspace[] = "demo";
constexpr char kOther[] = "other";
constexpr char kNoMessage[] = "\xff\xff no message";

void AddResource(config::v1::Snapshot& snapshot, const std::string& kind,
                 const std::string& workspace, const std::string& name) {
  config::v1::Resource& resource = *snapshot.add_resources();
  resource.set_kind(kind);
  resource.mutable_metadata()->set_workspace(workspace);
  resource.mutable_metadata()->set_name(name);
  if (kind == "Workspace") resource.mutable_workspace()->set_partition(1);
  if (kind == "Queue") resource.mutable_queue()->mutable_service_level()->set_threshold("20s");
  if (kind == "Agent") resource.mutable_agent();
}

class ReportingIntegrationTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    world_.kafka = config();
    world_.options.kafka = config();
    world_.options.group = Unique("reporting");
    world_.options.conversations = NewTopic("conversations", 2);
    world_.options.agents = NewTopic("agents", 2);
    world_.options.sla = NewTopic("sla", 2);
    world_.options.reports = NewTopic("reports", 1);
    world_.options.dead_letters = NewTopic("dead", 1);
    world_.options.publish_every = absl::Milliseconds(100);
    auto redis = platform::RedisProcess::Start();
    ASSERT_TRUE(redis.ok()) << redis.status();
    world_.redis = *std::move(redis);
    auto snapshot = std::make_shared<config::v1::Snapshot>();
    snapshot->set_revision(1);
    for (const char* workspace : {kWorkspace, kOther}) {
      AddResource(*snapshot, "Workspace", "", workspace);
      AddResource(*snapshot, "Queue", workspace, "support");
      AddResource(*snapshot, "Agent", workspace, "ana");
      AddResource(*snapshot, "Agent", workspace, "bob");
    }
    world_.config.Set(std::make_shared<platform::ConfigView>(snapshot));
    producer_ = *platform::Producer::Create(config());
    AddReplica();
  }
  // Before the topics are deleted: librdkafka 2.0 cannot be destroyed while it reads a topic that
  // goes away.
  void TearDown() override {
    replicas_.clear();
    producer_.reset();
    BrokerTest::TearDown();
  }
  Replica& AddReplica() {
    replicas_.push_back(std::make_unique<Replica>(world_));
    return *replicas_.back();
  }
  Replica& replica() { return *replicas_.front(); }

  // Engines write to the partition number of the workspace.
  void Send(const std::string& topic, const google::protobuf::Message& message) {
    platform::Record record;
    record.topic = topic;
    record.partition = 1;
    record.key = "key";
    record.value = message.SerializeAsString();
    const absl::Status produced = producer_->ProduceAll({record}, absl::Seconds(20));
    ASSERT_TRUE(produced.ok()) << produced;
  }

  ConversationEvent Event(const std::string& id, absl::Duration ago, conversation::v1::State state,
                          const std::string& workspace = kWorkspace) {
    ConversationEvent event;
    event.set_workspace(workspace);
    event.set_conversation_id(id);
    event.set_channel("email");
    event.set_queue("support");
    event.set_state(state);
    *event.mutable_occurred_at() =
        TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(began_ - ago));
    return event;
  }
  void Queued(const std::string& id, absl::Duration ago,
              const std::string& workspace = kWorkspace) {
    ConversationEvent event = Event(id, ago, conversation::v1::STATE_QUEUED, workspace);
    event.mutable_queued()->set_queue("support");
    event.mutable_queued()->set_is_new_entry(true);
    *event.mutable_queued()->mutable_enqueued_at() = event.occurred_at();
    Send(world_.options.conversations, event);
  }
  // Ten seconds after it was queued.
  void Accepted(const std::string& id, absl::Duration queued_ago,
                const std::string& workspace = kWorkspace) {
    ConversationEvent event =
        Event(id, queued_ago - absl::Seconds(10), conversation::v1::STATE_ASSIGNED, workspace);
    event.mutable_accepted()->set_agent_id("ana");
    event.mutable_accepted()->set_queue("support");
    event.mutable_accepted()->set_waited_ms(10'000);
    *event.mutable_accepted()->mutable_enqueued_at() =
        TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(began_ - queued_ago));
    Send(world_.options.conversations, event);
  }
  void Present(const std::string& agent, agent::v1::Presence presence, absl::Duration ago,
               const std::string& workspace = kWorkspace) {
    agent::v1::AgentEvent event;
    event.set_workspace(workspace);
    event.set_agent_id(agent);
    *event.mutable_occurred_at() =
        TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(began_ - ago));
    event.mutable_presence_changed()->set_to(presence);
    event.mutable_presence_changed()->set_reason("shift");
    Send(world_.options.agents, event);
  }

  // The same hours however long the test takes.
  v1::GetKpisRequest Request(const std::string& workspace = kWorkspace) const {
    v1::GetKpisRequest request;
    *request.mutable_from() = TimeUtil::SecondsToTimestamp(absl::ToUnixSeconds(began_) - 12 * 3600);
    *request.mutable_to() = TimeUtil::SecondsToTimestamp(absl::ToUnixSeconds(began_) + 3600);
    request.set_workspace(workspace);
    request.set_interval(v1::INTERVAL_ALL);
    request.add_group_by(v1::DIMENSION_AGENT);
    return request;
  }
  // Waits until so many answers of ana were counted.
  v1::GetKpisResponse WaitAnswered(int64_t count, const std::string& workspace = kWorkspace) {
    absl::StatusOr<v1::GetKpisResponse> figures;
    EXPECT_TRUE(Eventually([&] {
      figures = replica().Kpis(Request(workspace));
      if (!figures.ok()) return false;
      for (const v1::KpiRow& row : figures->rows()) {
        if (row.agent_id() == "ana") return row.answered() == count;
      }
      return count == 0;
    })) << figures.status();
    return *figures;
  }
  // Where the records come from that could not be read.
  std::vector<std::string> DeadLetters() {
    std::vector<std::string> topics;
    for (const platform::Record& record : ReadAll(world_.options.dead_letters, 0)) {
      deadletter::v1::DeadLetter letter;
      EXPECT_TRUE(letter.ParseFromString(*record.value));
      EXPECT_EQ(letter.value(), kNoMessage);
      topics.push_back(letter.source_topic());
    }
    return topics;
  }
  // Of all agents.
  static int64_t IdleMs(const v1::GetKpisResponse& figures) {
    int64_t idle_ms = 0;
    for (const v1::KpiRow& row : figures.rows()) idle_ms += row.agent_time().idle_ms();
    return idle_ms;
  }
  // What does not change by itself, as bytes.
  static std::string Settled(v1::GetKpisResponse figures) {
    figures.clear_as_of();
    return figures.SerializeAsString();
  }

  const absl::Time began_ = absl::Now();
  World world_;
  std::unique_ptr<platform::Producer> producer_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

TEST_F(ReportingIntegrationTest, EveryEventCountsOnceWhateverReplicasAndRedisDo) {
  Present("ana", agent::v1::PRESENCE_AVAILABLE, absl::Minutes(30));
  Present("ana", agent::v1::PRESENCE_OFFLINE, absl::Minutes(5));
  for (int i = 0; i < 50; ++i) {
    Queued(absl::StrCat("c", i), absl::Minutes(20));
    Accepted(absl::StrCat("c", i), absl::Minutes(20));
  }
  const std::string topics[] = {world_.options.conversations, world_.options.agents,
                                world_.options.sla};
  for (const std::string& topic : topics) Write(topic, 1, {kNoMessage});
  // The topics are read side by side: both must have been counted.
  std::string before;
  ASSERT_TRUE(Eventually([&] {
    const v1::GetKpisResponse figures = WaitAnswered(50);
    before = Settled(figures);
    return IdleMs(figures) == absl::ToInt64Milliseconds(absl::Minutes(25)) &&
           DeadLetters().size() == 3;
  }));

  ASSERT_TRUE(replica().redis().CallBlocking({"FLUSHALL"}).ok());
  EXPECT_TRUE(Eventually([&] {
    const auto figures = replica().Kpis(Request());
    return figures.ok() && Settled(*figures) == before;
  }));

  // Counted twice by now, and each told once.
  EXPECT_THAT(DeadLetters(), UnorderedElementsAreArray(topics));

  // Partitions move; what was counted stays counted.
  AddReplica();
  for (int i = 50; i < 60; ++i) {
    Queued(absl::StrCat("c", i), absl::Minutes(20));
    Accepted(absl::StrCat("c", i), absl::Minutes(20));
  }
  const v1::GetKpisResponse after = WaitAnswered(60);
  int64_t offered = 0;
  for (const v1::KpiRow& row : after.rows()) offered += row.offered();
  EXPECT_EQ(offered, 60);
}

TEST_F(ReportingIntegrationTest, EqualNamesInTwoWorkspacesDoNotMix) {
  for (int i = 0; i < 3; ++i) {
    Queued(absl::StrCat("d", i), absl::Minutes(20));
    Accepted(absl::StrCat("d", i), absl::Minutes(20));
  }
  Queued("o1", absl::Minutes(20), kOther);
  Accepted("o1", absl::Minutes(20), kOther);
  Queued("o2", absl::Minutes(20), kOther);
  Present("ana", agent::v1::PRESENCE_AWAY, absl::Minutes(5), kOther);
  Present("ana", agent::v1::PRESENCE_AVAILABLE, absl::Minutes(5));
  WaitAnswered(3);
  ASSERT_TRUE(Eventually([&] {
    const auto demo = replica().Kpis(Request());
    return demo.ok() && demo->live().presence().available() == 1;
  }));
  WaitAnswered(1, kOther);
  v1::GetKpisResponse other;
  ASSERT_TRUE(Eventually([&] {
    const auto figures = replica().Kpis(Request(kOther));
    if (figures.ok()) other = *figures;
    return other.live().waiting() == 1;
  }));
  EXPECT_EQ(other.live().presence().away(), 1);
  EXPECT_EQ(other.live().presence().available(), 0);
  EXPECT_EQ(WaitAnswered(3).live().waiting(), 0);
  // eva is a supervisor of the workspace demo only.
  EXPECT_EQ(replica().Kpis(Request(kOther), "eva").status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(replica().Kpis(Request(), "ana").status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ReportingIntegrationTest, LiveFiguresSayWhatIsOpenAndWhoIsThere) {
  Queued("c1", absl::Minutes(20));
  Queued("c2", absl::Minutes(20));
  Accepted("c2", absl::Minutes(20));
  agent::v1::AgentEvent load;
  load.set_workspace(kWorkspace);
  load.set_agent_id("ana");
  *load.mutable_occurred_at() = TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(began_));
  (*load.mutable_load_changed()->mutable_held_by_channel())["email"] = 1;
  Present("ana", agent::v1::PRESENCE_AVAILABLE, absl::Minutes(20));
  Send(world_.options.agents, load);
  WaitAnswered(1);
  v1::LiveFigures live;
  ASSERT_TRUE(Eventually([&] {
    const auto figures = replica().Kpis(Request());
    if (figures.ok()) live = figures->live();
    return live.agents_size() == 2 && live.agents(0).held() == 1;
  }));
  EXPECT_EQ(live.open(), 2);
  EXPECT_EQ(live.waiting(), 1);
  ASSERT_THAT(live.queues(), SizeIs(1));
  EXPECT_EQ(live.queues(0).open(), 2);
  EXPECT_EQ(live.queues(0).waiting(), 1);
  ASSERT_THAT(live.channels(), SizeIs(1));
  EXPECT_EQ(live.channels(0).channel(), "email");
  EXPECT_EQ(live.channels(0).waiting(), 1);
  EXPECT_EQ(live.agents(0).agent_id(), "ana");
  EXPECT_EQ(live.agents(0).presence(), agent::v1::PRESENCE_AVAILABLE);
  EXPECT_EQ(live.agents(0).presence_reason(), "shift");
  EXPECT_EQ(live.agents(1).presence(), agent::v1::PRESENCE_OFFLINE);
  EXPECT_EQ(live.presence().available(), 1);
  EXPECT_EQ(live.presence().offline(), 1);
}

TEST_F(ReportingIntegrationTest, AWatcherHearsOfEachChangeAndOfNothingElse) {
  Queued("c1", absl::Minutes(20));
  Present("ana", agent::v1::PRESENCE_AVAILABLE, absl::Minutes(20));
  ASSERT_TRUE(Eventually([&] {
    const auto figures = replica().Kpis(Request());
    return figures.ok() && figures->live().waiting() == 1 &&
           figures->live().presence().available() == 1;
  }));
  const std::shared_ptr<platform::Peer> peer = replica().grpc().Client("eva");
  const auto stub = v1::ReportingService::NewStub(peer->channel());
  grpc::ClientContext context;
  peer->Prepare(context, {.timeout = absl::InfiniteDuration()});
  const auto stream = stub->WatchKpis(&context, Request());
  v1::GetKpisResponse figures;
  ASSERT_TRUE(stream->Read(&figures));
  EXPECT_EQ(figures.live().waiting(), 1);
  // The agent's time goes on, which is no change: the next figures are those after the acceptance.
  Accepted("c1", absl::Minutes(20));
  ASSERT_TRUE(stream->Read(&figures));
  EXPECT_EQ(figures.live().waiting(), 0);
  EXPECT_EQ(figures.live().open(), 1);
  context.TryCancel();
}

TEST_F(ReportingIntegrationTest, ClosedQuarterHoursArePublishedAndAgainWhenTheyChange) {
  const auto published = [&] {
    std::vector<std::pair<std::string, int64_t>> rows;
    for (const platform::Record& record : ReadAll(world_.options.reports, 0)) {
      v1::ClosedInterval interval;
      EXPECT_TRUE(interval.ParseFromString(*record.value));
      EXPECT_EQ(interval.workspace(), kWorkspace);
      rows.emplace_back(interval.row().channel() + "/" + interval.row().agent_id(),
                        interval.row().offered() + interval.row().answered() +
                            interval.row().agent_time().idle_ms());
    }
    return rows;
  };
  Queued("c1", absl::Hours(2));
  ASSERT_TRUE(Eventually([&] { return published().size() == 1; }));
  EXPECT_THAT(published(), ElementsAre(Pair("email/", 1)));
  Queued("c2", absl::Hours(2));
  ASSERT_TRUE(Eventually([&] { return published().size() == 2; }));
  EXPECT_THAT(published(), ElementsAre(Pair("email/", 1), Pair("email/", 2)));

  Present("bob", agent::v1::PRESENCE_AVAILABLE, absl::Hours(2));
  Present("bob", agent::v1::PRESENCE_OFFLINE, absl::Hours(2) - absl::Milliseconds(1));
  ASSERT_TRUE(Eventually([&] {
    const auto rows = published();
    return rows.back() == std::pair<std::string, int64_t>("/bob", 1);
  }));
}

}  // namespace
}  // namespace trama::reporting
