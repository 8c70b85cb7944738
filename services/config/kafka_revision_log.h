#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "services/config/config_metrics.h"
#include "services/config/revision_log.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/config/topic_follower.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topics.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::config {

struct KafkaRevisionLogOptions {
  platform::KafkaConfig kafka;
  std::string config_topic = platform::kConfig;
  std::string history_topic = platform::kConfigHistory;
  // All replicas have the same: whoever initialises it last is the owner.
  std::string transactional_id = "trama-config-0";
};

// The RevisionLog on Kafka. It follows the topic of the configuration from its beginning, in a
// thread of its own; becomes the owner only when it has something to write, and stays it until
// another replica does the same. The last commands are read from the history when it becomes owner.
//
// The condition "config" of `health` holds once the topic was read to the end that it had at start.
class KafkaRevisionLog final : public RevisionLog {
 public:
  // `on_fatal`: the topic cannot be read and never will be, so this process must not go on. The
  // references must outlive the log.
  static absl::StatusOr<std::unique_ptr<KafkaRevisionLog>> Start(
      KafkaRevisionLogOptions options, const platform::Clock& clock, platform::Health& health,
      ConfigMetrics& metrics, std::function<void(const absl::Status&)> on_fatal);

  std::shared_ptr<const ConfigStore> Current() const override;
  absl::StatusOr<Owned> Own(absl::Time deadline) override;
  absl::Status Append(const Revision& revision, absl::Time deadline) override;
  absl::Status ReadHistory(absl::Time deadline, const ChooseSpan& choose,
                           const TakeRecord& take) const override;

 private:
  KafkaRevisionLog(KafkaRevisionLogOptions options, const platform::Clock& clock,
                   platform::Health& health, ConfigMetrics& metrics)
      : options_(std::move(options)),
        clock_(clock),
        metrics_(metrics),
        ready_(health.AddCondition("config")) {}

  absl::Status StartReading(std::function<void(const absl::Status&)> on_fatal);
  absl::Status Take(const platform::Record& record);
  absl::Status ReadToEnd(absl::Time deadline);
  absl::Status TakeOver(absl::Time deadline);
  absl::Status ReadCommands(absl::Time deadline);
  absl::Status Write(const Revision& revision, absl::Time deadline);
  absl::Duration Left(absl::Time deadline) const;

  const KafkaRevisionLogOptions options_;
  const platform::Clock& clock_;
  ConfigMetrics& metrics_;
  const std::unique_ptr<platform::Condition> ready_;

  mutable std::mutex mutex_;
  RevisionReader reader_;  // Guarded by mutex_.

  // Only from Own and Append. No producer: not the owner.
  std::unique_ptr<platform::TransactionalProducer> producer_;
  CommandAnswers commands_;
  int64_t known_revision_ = -1;  // The newest that was written by us or read when we took over.

  std::unique_ptr<platform::TopicFollower> follower_;  // Its thread ends before the rest goes.
};

}  // namespace trama::config
