#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/config_source.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/lag_meter.h"
#include "services/platform/kafka/producer.h"
#include "services/platform/kafka/topics.h"
#include "services/reporting/dead_letter_box.h"
#include "services/reporting/kpi_store.h"
#include "trama/agent/v1/agent_events.pb.h"

namespace trama::reporting {

struct FoldLoopOptions {
  platform::KafkaConfig kafka;
  std::string instance_id;  // A stable slot, or empty.
  std::string group = "trama-reporting";
  std::string conversations = platform::kConversations;
  std::string agents = platform::kAgents;
  std::string sla = platform::kSla;
  std::string reports = platform::kReports;
  std::string dead_letters = platform::kDeadLetters;
  // How often closed quarter-hours are looked for.
  absl::Duration publish_every = absl::Seconds(10);
};

// Reads what the engines wrote and counts it. Each topic and partition is folded on its own and
// continues where Redis says, so that an emptied Redis is counted again from the topics. Closed
// quarter-hours are published on trama.reports.v1; what cannot be read goes to the dead letters.
//
// One thread of its own from Start to Stop. When Redis is away it waits; nothing is lost.
class FoldLoop {
 public:
  static absl::StatusOr<std::unique_ptr<FoldLoop>> Start(FoldLoopOptions options, KpiStore& store,
                                                         platform::ConfigSource& config,
                                                         platform::Producer& producer,
                                                         platform::Health& health,
                                                         platform::Metrics& metrics,
                                                         std::function<void(absl::Status)> fatal);
  ~FoldLoop() { Stop(); }

  // Finishes the batch and leaves the group.
  void Stop();

 private:
  using Run = std::pair<std::string, int32_t>;             // Topic, partition.
  using AgentsOfRun = std::map<std::string, AgentStates>;  // By workspace.

  FoldLoop(FoldLoopOptions options, KpiStore& store, platform::ConfigSource& config,
           platform::Producer& producer, platform::Health& health, platform::Metrics& metrics);

  void Loop();
  absl::Status Assigned(std::vector<platform::TopicPartitionOffset>& positions);
  // Counts a batch; false when a position was moved by somebody else and was sought anew.
  absl::Status Count(const std::vector<platform::Record>& records);
  absl::Status CountRun(const Run& run, const std::vector<const platform::Record*>& records);
  absl::Status Reposition(const Run& run);
  // `agents`: how the agents of the run stand, as far as they were needed so far.
  absl::Status FoldRecord(const platform::Record& record, AgentsOfRun& agents, Folded& folded);
  absl::Status FoldAgent(int32_t partition, const agent::v1::AgentEvent& event, AgentsOfRun& agents,
                         Folded& folded);
  void Bury(const platform::Record& record, const absl::Status& why);
  absl::Status SendDeadLetters();
  absl::Status PublishClosed();
  absl::Status CheckPositions();

  const FoldLoopOptions options_;
  KpiStore& store_;
  platform::ConfigSource& config_;
  platform::Producer& producer_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  std::unique_ptr<platform::Condition> counting_;
  platform::CounterFamily& records_;
  platform::CounterFamily& buried_;
  platform::CounterFamily& gaps_;
  platform::HistogramFamily& batch_seconds_;
  std::function<void(absl::Status)> fatal_;
  std::unique_ptr<platform::GroupConsumer> consumer_;
  platform::LagMeter lag_;
  DeadLetterBox dead_letters_;
  std::map<Run, int64_t> positions_;   // As Redis has them.
  std::map<Run, AgentsOfRun> agents_;  // Likewise; what is not here is read when it is needed.
  platform::ConfigPtr revision_;
  ServiceLevels levels_;
  absl::Time next_check_ = absl::InfinitePast();
  absl::Time next_publish_ = absl::InfinitePast();
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace trama::reporting
