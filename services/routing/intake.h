#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/config_source.h"
#include "services/platform/config/identity_secrets.h"
#include "services/platform/grpc/client.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/producer.h"
#include "services/routing/intake_batch.h"
#include "services/routing/sender_resolver.h"

namespace trama::routing {

struct IntakeOptions {
  platform::KafkaConfig kafka;
  std::string instance_id;         // A stable slot, or empty.
  std::set<std::string> channels;  // By which an answer can go out.
  // Other names are for tests on a shared broker.
  std::string group = "trama-routing-intake";
  IntakeTopics topics;
};

// What the intake works with; all of it must outlive it.
struct IntakeParts {
  platform::ConfigSource& config;
  const platform::IdentitySecrets& secrets;
  std::shared_ptr<platform::Peer> profile;
  platform::Health& health;
  platform::Metrics& metrics;
  const platform::Clock& clock;
};

// Brings interactions to the workspaces' partitions of `work`, with what profile knows of their
// senders: stateless, at least once. Its producer is gapless: when one record cannot be written,
// none after it is and the process ends before a commit, so the engine may drop positions that it
// has passed. While Kafka is away it waits.
//
// One thread of its own from Start to Stop.
class Intake {
 public:
  // `fatal`: called once when it cannot go on.
  static absl::StatusOr<std::unique_ptr<Intake>> Start(IntakeOptions options, IntakeParts parts,
                                                       std::function<void(absl::Status)> fatal);
  ~Intake() { Stop(); }

  // Finishes the batch, commits and leaves the group.
  void Stop();

 private:
  Intake(IntakeOptions options, IntakeParts parts, std::function<void(absl::Status)> fatal);

  absl::Status Connect();
  // Until told to stop (OK), or it cannot go on.
  absl::Status Run();
  absl::Status TakeIn(const std::vector<platform::Record>& records);
  // How far all is taken in.
  void Commit();
  // The configuration at hand when all workspaces of the records can be served by it, else the
  // newest; null when told to stop.
  platform::ConfigPtr ConfigFor(const std::vector<platform::Record>& records);
  // Returns when all are written, when that can never be, or when told to stop (CANCELLED).
  absl::Status Write(const std::vector<platform::Record>& records);
  // Says that it is held up, and waits a moment; false when told to stop.
  bool Wait(const absl::Status& why);

  const IntakeOptions options_;
  const IntakeParts parts_;
  const std::function<void(absl::Status)> fatal_;
  SenderResolver resolver_;
  std::unique_ptr<platform::GroupConsumer> consumer_;
  std::unique_ptr<platform::Producer> producer_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  std::unique_ptr<platform::Condition> taking_in_;
  platform::CounterFamily& taken_;
  platform::CounterFamily& pending_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // Guarded by mutex_.
  absl::Duration committed_at_ = -absl::InfiniteDuration();
  std::thread thread_;
};

}  // namespace trama::routing
