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
#include "services/platform/kafka/producer.h"
#include "services/reporting/kpi_store.h"

namespace trama::reporting {

struct FoldLoopOptions {
  platform::KafkaConfig kafka;
  std::string instance_id;  // A stable slot, or empty.
};

// Reads what the engines wrote and counts it. Each topic and partition is folded on its own and
// continues where Redis says, so that an emptied Redis is counted again from the topics. Closed
// quarter-hours are published on trama.reports.v1.
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
  using Run = std::pair<std::string, int32_t>;  // Topic, partition.

  FoldLoop(KpiStore& store, platform::ConfigSource& config, platform::Producer& producer,
           platform::Health& health, platform::Metrics& metrics);

  void Loop();
  absl::Status Assigned(std::vector<platform::TopicPartitionOffset>& positions);
  // Counts a batch; false when a position was moved by somebody else and was sought anew.
  absl::Status Count(const std::vector<platform::Record>& records);
  absl::Status CountRun(const Run& run, const std::vector<const platform::Record*>& records);
  absl::Status Reposition(const Run& run);
  void FoldRecord(const platform::Record& record, Folded& folded);
  absl::Status PublishClosed();
  absl::Status CheckPositions();

  KpiStore& store_;
  platform::ConfigSource& config_;
  platform::Producer& producer_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  std::unique_ptr<platform::Condition> counting_;
  platform::CounterFamily& records_;
  platform::CounterFamily& unreadable_;
  std::function<void(absl::Status)> fatal_;
  std::unique_ptr<platform::GroupConsumer> consumer_;
  std::map<Run, int64_t> positions_;  // As Redis has them.
  platform::ConfigPtr revision_;
  ServiceLevels levels_;
  absl::Time next_check_ = absl::InfinitePast();
  absl::Time next_publish_ = absl::InfinitePast();
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace trama::reporting
