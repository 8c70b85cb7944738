#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/config_source.h"
#include "services/platform/config/identity_secrets.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/lag_meter.h"
#include "services/platform/kafka/producer.h"
#include "services/profile/input.h"
#include "services/profile/parked_workspaces.h"
#include "services/profile/profile_topics.h"
#include "services/profile/restorer.h"
#include "services/profile/row_store.h"
#include "services/profile/row_writer.h"
#include "services/profile/waiting_room.h"

namespace trama::profile {

struct IngestOptions {
  platform::KafkaConfig kafka;
  std::string group = "trama-profile";
  std::string instance_id;  // A stable slot, or empty.
  ProfileTopics topics;
};

// What the loop works with; all of it must outlive the loop.
struct IngestParts {
  RowStore& store;
  RowWriter& writer;
  Restorer& restorer;
  const platform::ConfigSource& config;
  const platform::IdentitySecrets& secrets;
  platform::Producer& producer;
  platform::Health& health;
  platform::Metrics& metrics;
};

// Reads everything that belongs on a timeline, at least once: rows in Redis, then on topic
// `profiles`, then the offset. What is about something that was not read yet waits (WaitingRoom);
// what can never be placed or read goes to the dead letters. A workspace whose secret cannot be
// read is passed over until it can (ParkedWorkspaces).
//
// One thread of its own from Start to Stop. When Redis or Kafka is away it waits.
class IngestLoop {
 public:
  static constexpr size_t kBatchMax = 1024;
  // How long an input may wait for what it is about, once this process has read all messages that
  // it holds.
  static constexpr absl::Duration kWaitMax = absl::Minutes(10);
  // So many that wait pause their partition.
  static constexpr size_t kWaitingOfPartitionMax = 2000;

  // `fatal`: called once when it cannot go on.
  static absl::StatusOr<std::unique_ptr<IngestLoop>> Start(IngestOptions options,
                                                           const IngestParts& parts,
                                                           std::function<void(absl::Status)> fatal);
  ~IngestLoop() { Stop(); }

  // Finishes the batch, commits and leaves the group.
  void Stop();

 private:
  struct Pending {
    platform::Record record;
    Input input;
  };
  using PendingPtr = std::shared_ptr<const Pending>;
  struct Task {
    Origin origin;
    PendingPtr pending;
  };
  // How a partition stands that is held.
  struct Partition {
    int64_t next = platform::kOffsetUnknown;  // Behind the last record taken in.
    int64_t committed = platform::kOffsetUnknown;
    bool at_end = false;
    bool paused = false;
  };

  IngestLoop(IngestOptions options, const IngestParts& parts,
             std::function<void(absl::Status)> fatal);

  void Loop();
  InputKind KindOf(const std::string& topic) const;
  // Do records of this topic say whose something is?
  bool TellsOwners(const std::string& topic) const;
  absl::StatusOr<platform::RecordBatch> Poll();
  // Tasks of a batch and of who waits; poison is added to the dead letters.
  std::vector<Task> TasksOf(const platform::RecordBatch& batch);
  // Does all tasks that can be done; the others come back. Repeating it after an error is harmless.
  absl::StatusOr<std::vector<Task>> TakeIn(const std::vector<Task>& tasks);
  absl::Status Place(const std::vector<Task>& tasks, std::vector<Placement>& placements,
                     std::vector<const Task*>& placed, std::vector<Task>& left);
  absl::Status Write(const std::vector<Placement>& placements,
                     const std::vector<const Task*>& placed);
  // Lets a task wait, or buries it when it has waited long enough.
  void Leave(const Task& task, absl::Time now);
  absl::Status SendDeadLetters();
  // Calls until it succeeds; false when it is time to stop.
  bool Insist(const std::function<absl::Status()>& work);
  void Bury(const platform::Record& record, const std::string& workspace, std::string reason);
  bool MessagesAreRead() const;
  void PassOver(const Task& task, const absl::Status& why);
  // Goes back to what was passed over, for workspaces that can be taken in again.
  void ReadParkedAgain();
  void TellWhoWaits();
  absl::Status Commit();
  void HoldBack();
  void Forget(const std::vector<platform::TopicPartition>& gone);
  // False when it is time to stop.
  bool WaitAndRetry(const absl::Status& why);

  const IngestOptions options_;
  const IngestParts parts_;
  const std::function<void(absl::Status)> fatal_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  std::unique_ptr<platform::Condition> ingesting_;
  platform::CounterFamily& inputs_;
  platform::CounterFamily& buried_;
  platform::CounterFamily& gaps_;
  platform::GaugeFamily& waiting_;
  platform::GaugeFamily& parked_workspaces_;
  platform::LagMeter lag_;
  platform::HistogramFamily& batch_seconds_;

  std::unique_ptr<platform::GroupConsumer> consumer_;
  std::map<platform::TopicPartition, Partition> partitions_;
  WaitingRoom<PendingPtr> room_;
  ParkedWorkspaces parked_;
  std::vector<platform::Record> dead_letters_;

  std::mutex mutex_;
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace trama::profile
