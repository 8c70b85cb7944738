#include "services/reporting/agent_time.h"

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"

namespace trama::reporting {
namespace {

using ::google::protobuf::util::TimeUtil;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// 12:00:00 in UTC: second 0 of the tests, the beginning of a quarter-hour.
constexpr int64_t kNoon = 1767614400;

// Folds what agents do, and asks for rows as a client does.
class AgentTimeTest : public ::testing::Test {
 protected:
  agent::v1::AgentEvent Event(int64_t second, const std::string& agent = "ana",
                              const std::string& workspace = "demo") {
    agent::v1::AgentEvent event;
    event.set_workspace(workspace);
    event.set_agent_id(agent);
    *event.mutable_occurred_at() = TimeUtil::SecondsToTimestamp(kNoon + second);
    return event;
  }
  void Take(const agent::v1::AgentEvent& event) {
    Folded folded;
    Fold(event, states_, folded);
    for (const Increment& increment : folded.increments) {
      counted_[increment.group][increment.counter] += increment.by;
    }
  }
  void Is(agent::v1::Presence presence, int64_t second, const std::string& agent = "ana",
          const std::string& workspace = "demo") {
    agent::v1::AgentEvent event = Event(second, agent, workspace);
    event.mutable_presence_changed()->set_to(presence);
    Take(event);
  }
  void Holds(int32_t emails, int32_t chats, int64_t second, const std::string& agent = "ana") {
    agent::v1::AgentEvent event = Event(second, agent);
    auto& held = *event.mutable_load_changed()->mutable_held_by_channel();
    if (emails > 0) held["email"] = emails;
    if (chats > 0) held["webchat"] = chats;
    Take(event);
  }

  // By agent, as it is asked for at that second.
  std::map<std::string, v1::AgentTime> Times(int64_t now, v1::GetKpisRequest request = {}) {
    request.set_workspace(request.workspace().empty() ? "demo" : request.workspace());
    *request.mutable_from() = TimeUtil::SecondsToTimestamp(kNoon);
    *request.mutable_to() = TimeUtil::SecondsToTimestamp(kNoon + 3 * 3600);
    request.add_group_by(v1::DIMENSION_AGENT);
    CountersByGroup counted = counted_;
    AddRunning(states_, absl::FromUnixSeconds(kNoon + now), counted);
    const auto range = RangeOf(request, absl::UTCTimeZone(), absl::FromUnixSeconds(kNoon + now));
    const auto rows = Rows(request, *range, counted, ServiceLevels());
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::map<std::string, v1::AgentTime> times;
    for (const v1::KpiRow& row : *rows) {
      if (row.has_agent_time()) times[row.agent_id()].MergeFrom(row.agent_time());
    }
    return times;
  }

  AgentStates states_;
  CountersByGroup counted_;
};

TEST_F(AgentTimeTest, OccupancyIsTheUnionOfContactOverContactAndIdle) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0);
  Holds(1, 0, 100);
  Holds(1, 1, 200);  // Two at once count once.
  Holds(0, 1, 250);
  Holds(0, 0, 400);
  Is(agent::v1::PRESENCE_OFFLINE, 500);
  const v1::AgentTime time = Times(9000)["ana"];
  EXPECT_EQ(time.contact_ms(), 300'000);
  EXPECT_EQ(time.idle_ms(), 200'000);
  EXPECT_EQ(time.available_ms(), 500'000);
  EXPECT_DOUBLE_EQ(time.occupancy(), 0.6);
}

TEST_F(AgentTimeTest, BusyIsContactOnlyWhileSomethingIsHeldAndNeverIdle) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0);
  Holds(1, 0, 0);
  Is(agent::v1::PRESENCE_BUSY, 60);
  Holds(0, 0, 100);
  Is(agent::v1::PRESENCE_AWAY, 160);
  Is(agent::v1::PRESENCE_OFFLINE, 200);
  const v1::AgentTime time = Times(9000)["ana"];
  EXPECT_EQ(time.contact_ms(), 100'000);
  EXPECT_EQ(time.idle_ms(), 0);
  EXPECT_EQ(time.busy_ms(), 100'000);
  EXPECT_EQ(time.away_ms(), 40'000);
  EXPECT_DOUBLE_EQ(time.occupancy(), 1.0);
}

TEST_F(AgentTimeTest, WhatAnAgentHoldsWhileHeIsAwayFromWorkIsNoContact) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0);
  Holds(1, 0, 10);
  Is(agent::v1::PRESENCE_OFFLINE, 20);
  Is(agent::v1::PRESENCE_AVAILABLE, 1000);
  EXPECT_EQ(Times(1005)["ana"].contact_ms(), 15'000);
}

TEST_F(AgentTimeTest, TimeLiesInTheQuarterHoursInWhichItPassed) {
  Is(agent::v1::PRESENCE_AVAILABLE, 600);
  Is(agent::v1::PRESENCE_OFFLINE, 2000);
  std::vector<std::pair<int64_t, int64_t>> by_bucket;
  for (const auto& [group, counters] : counted_) {
    by_bucket.emplace_back(group.bucket - kNoon, counters.at(counter::kIdleMs));
  }
  EXPECT_THAT(by_bucket, ElementsAre(Pair(0, 300'000), Pair(900, 900'000), Pair(1800, 200'000)));
}

TEST_F(AgentTimeTest, AStateThatLastsIsCountedUpToNow) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0);
  EXPECT_EQ(Times(1234)["ana"].idle_ms(), 1'234'000);
  EXPECT_EQ(Times(2000)["ana"].idle_ms(), 2'000'000);
}

TEST_F(AgentTimeTest, AnEventOutOfOrderTakesNoTimeBack) {
  Is(agent::v1::PRESENCE_AVAILABLE, 100);
  Holds(1, 0, 50);
  Is(agent::v1::PRESENCE_OFFLINE, 200);
  EXPECT_EQ(Times(9000)["ana"].contact_ms(), 100'000);
}

TEST_F(AgentTimeTest, OneStateAddsAtMostAWeek) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0);
  Is(agent::v1::PRESENCE_OFFLINE, 30 * 24 * 3600);
  int64_t sum_ms = 0;
  for (const auto& [group, counters] : counted_) sum_ms += counters.at(counter::kIdleMs);
  EXPECT_EQ(sum_ms, absl::ToInt64Milliseconds(kStateMax));
}

TEST_F(AgentTimeTest, ItIsNotShownByChannelOrQueue) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0);
  v1::GetKpisRequest by_channel;
  by_channel.add_group_by(v1::DIMENSION_CHANNEL);
  EXPECT_THAT(Times(600, by_channel), IsEmpty());
  v1::GetKpisRequest of_queue;
  of_queue.set_queue("support");
  EXPECT_THAT(Times(600, of_queue), IsEmpty());
}

TEST_F(AgentTimeTest, AgentsOfTheSameNameInTwoWorkspacesAreTwo) {
  Is(agent::v1::PRESENCE_AVAILABLE, 0, "ana", "demo");
  Is(agent::v1::PRESENCE_AWAY, 0, "ana", "other");
  EXPECT_EQ(Times(60)["ana"].idle_ms(), 60'000);
  v1::GetKpisRequest elsewhere;
  elsewhere.set_workspace("other");
  EXPECT_EQ(Times(60, elsewhere)["ana"].away_ms(), 60'000);
  EXPECT_EQ(Times(60, elsewhere)["ana"].idle_ms(), 0);
}

}  // namespace
}  // namespace trama::reporting
