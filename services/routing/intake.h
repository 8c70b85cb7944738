#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/config_source.h"
#include "services/platform/config/identity_secrets.h"
#include "services/platform/grpc/client.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/producer.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::routing {

struct IntakeOptions {
  platform::KafkaConfig kafka;
  std::string instance_id;  // A stable slot, or empty.
};

// What the intake works with; all of it must outlive it.
struct IntakeParts {
  platform::ConfigSource& config;
  const platform::IdentitySecrets& secrets;
  std::shared_ptr<platform::Peer> profile;
  platform::Health& health;
  platform::Metrics& metrics;
};

// Brings interactions to the workspaces' partitions of `work`, with what profile knows of their
// senders: stateless, at least once. Its producer is gapless: when one record cannot be written,
// none after it is and the process ends before a commit, so the engine may drop positions that it
// has passed.
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
  struct Item;

  Intake(IntakeParts parts, std::function<void(absl::Status)> fatal);

  void Loop();
  absl::Status TakeIn(const std::vector<platform::Record>& records);
  // Reads a record, or makes it a dead letter.
  bool Read(const platform::Record& record, Item& item, std::vector<platform::Record>& out);
  void AskProfile(std::vector<Item>& items);
  absl::StatusOr<platform::Record> WorkRecord(const Item& item) const;
  platform::Record DeadLetter(const platform::Record& record, const std::string& reason,
                              const std::string& workspace) const;

  IntakeParts parts_;
  std::function<void(absl::Status)> fatal_;
  std::unique_ptr<profile::v1::ProfileService::Stub> stub_;
  std::unique_ptr<platform::GroupConsumer> consumer_;
  std::unique_ptr<platform::Producer> producer_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  platform::CounterFamily& taken_;
  platform::CounterFamily& pending_;
  platform::ConfigPtr config_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace trama::routing
