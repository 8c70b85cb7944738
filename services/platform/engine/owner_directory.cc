#include "services/platform/engine/owner_directory.h"

#include <map>
#include <mutex>
#include <utility>

#include "services/platform/base/log.h"
#include "services/platform/config/topic_follower.h"
#include "trama/engine/v1/engine.pb.h"

namespace trama::platform {
namespace {

class KafkaOwnerDirectory final : public OwnerDirectory {
 public:
  absl::Status Open(OwnerDirectoryOptions options) {
    service_ = options.service;
    absl::StatusOr<std::unique_ptr<TopicFollower>> follower = TopicFollower::Start({
        .kafka = std::move(options.kafka),
        .topic = std::move(options.topic),
        .on_record = [this](const Record& record) { return Take(record); },
    });
    if (!follower.ok()) return follower.status();
    follower_ = *std::move(follower);
    return absl::OkStatus();
  }

  std::string AddressOf(int32_t partition) const override {
    std::lock_guard lock(mutex_);
    const auto it = addresses_.find(partition);
    return it == addresses_.end() ? "" : it->second;
  }

  bool caught_up() const override { return follower_->caught_up(); }

 private:
  // The order of the log is the order of the owners: each one is fenced before the next one writes.
  absl::Status Take(const Record& record) {
    engine::v1::Owner owner;
    if (!record.value.has_value()) return absl::OkStatus();
    if (!owner.ParseFromString(*record.value)) {
      // One owner who cannot be read must not hide the others.
      Log(LogLevel::kError, "owner record cannot be read", {{"place", Place(record)}});
      return absl::OkStatus();
    }
    if (owner.service() != service_) return absl::OkStatus();
    std::lock_guard lock(mutex_);
    addresses_[owner.partition()] = owner.address();
    return absl::OkStatus();
  }

  std::string service_;
  mutable std::mutex mutex_;
  std::map<int32_t, std::string> addresses_;
  // Last: its thread uses all of the above.
  std::unique_ptr<TopicFollower> follower_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<OwnerDirectory>> OwnerDirectory::Start(
    OwnerDirectoryOptions options) {
  auto directory = std::make_unique<KafkaOwnerDirectory>();
  const absl::Status opened = directory->Open(std::move(options));
  if (!opened.ok()) return opened;
  return directory;
}

}  // namespace trama::platform
