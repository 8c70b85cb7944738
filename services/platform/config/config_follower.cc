#include "services/platform/config/config_follower.h"

#include <atomic>
#include <utility>

#include "services/platform/base/log.h"
#include "services/platform/config/config_board.h"
#include "services/platform/config/config_fold.h"
#include "services/platform/config/topic_follower.h"

namespace trama::platform {
namespace {

class KafkaConfigFollower final : public ConfigFollower {
 public:
  KafkaConfigFollower(Health& health, Metrics& metrics)
      : condition_(health.AddCondition("config")),
        revision_(*metrics.Gauge("trama_config_revision", "Configuration revision taken in.")),
        alarms_(*metrics.Counter("trama_config_alarms_total",
                                 "Times that following the configuration has ended for good.")) {
    condition_->Set(false, "not read yet");
  }

  absl::Status Open(ConfigFollowerOptions options) {
    absl::StatusOr<std::unique_ptr<TopicFollower>> follower = TopicFollower::Start({
        .kafka = std::move(options.kafka),
        .topic = std::move(options.topic),
        .partitions = 1,
        .on_record = [this](const Record& record) { return Take(record); },
        .on_caught_up = [this] { CaughtUp(); },
        .on_failed = [this](const absl::Status& why) { Failed(why); },
    });
    if (!follower.ok()) return follower.status();
    follower_ = *std::move(follower);
    return absl::OkStatus();
  }

  ConfigPtr Current() const override { return board_.Current(); }

  absl::StatusOr<ConfigPtr> Fresh(absl::Duration timeout) override {
    const absl::Status fresh = follower_->WaitFresh(timeout);
    if (!fresh.ok()) return fresh;
    return board_.Current();
  }

  absl::StatusOr<ConfigPtr> Wait(int64_t revision, absl::Duration timeout) override {
    return board_.Wait(revision, timeout);
  }

  std::shared_ptr<void> Subscribe(Listener listener) override {
    return board_.Subscribe(std::move(listener));
  }

  bool caught_up() const override { return follower_->caught_up(); }

 private:
  absl::Status Take(const Record& record) {
    absl::StatusOr<ConfigPtr> closed = fold_.Take(record);
    if (!closed.ok()) return closed.status();
    if (*closed == nullptr) return absl::OkStatus();
    newest_ = *std::move(closed);
    if (reading_on_) Show();
    return absl::OkStatus();
  }

  void CaughtUp() {
    reading_on_ = true;
    // A cluster without any configuration has been read, too.
    if (newest_ == nullptr) newest_ = std::make_shared<ConfigView>();
    Show();
    condition_->Set(true);
  }

  void Show() {
    revision_.Set(static_cast<double>(newest_->revision()));
    board_.Show(newest_);
    Log(LogLevel::kInfo, "configuration taken in",
        {{"revision", newest_->revision()}, {"resources", newest_->snapshot()->resources_size()}});
  }

  void Failed(const absl::Status& why) {
    alarms_.Increment();
    condition_->Set(false, "the configuration cannot be read");
    Log(LogLevel::kError, "configuration cannot be read, the last revision stands",
        {{"revision", board_.Current()->revision()}, {"why", why}});
  }

  const std::unique_ptr<Condition> condition_;
  prometheus::Gauge& revision_;
  prometheus::Counter& alarms_;
  ConfigBoard board_;
  // Of the follower's thread:
  ConfigFold fold_;
  ConfigPtr newest_;
  bool reading_on_ = false;
  // Last: its thread uses all of the above.
  std::unique_ptr<TopicFollower> follower_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ConfigFollower>> ConfigFollower::Start(ConfigFollowerOptions options,
                                                                      Health& health,
                                                                      Metrics& metrics) {
  auto follower = std::make_unique<KafkaConfigFollower>(health, metrics);
  const absl::Status opened = follower->Open(std::move(options));
  if (!opened.ok()) return opened;
  return follower;
}

}  // namespace trama::platform
