#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "services/platform/base/health.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topics.h"

namespace trama::platform {

// Compares topics with their declaration while a service starts, beside what else it does: it is
// not ready before. While no broker answers it asks again.
class TopicsCheck {
 public:
  struct Options {
    KafkaConfig kafka;
    TopicsFile file;
    std::vector<std::string> topics;  // Names; not empty.
    // They may differ for so long: of topics that were made or grown a moment ago, brokers learn
    // one after the other.
    absl::Duration differ_max = absl::Seconds(5);
    // Once, when they still differ after that. From a thread of its own.
    std::function<void(const absl::Status&)> on_difference;
  };

  static std::unique_ptr<TopicsCheck> Start(Options options, Health& health);
  ~TopicsCheck();

 private:
  TopicsCheck(Options options, Health& health);

  void Run();
  absl::Status Compare() const;

  const Options options_;
  const std::unique_ptr<Condition> same_;
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace trama::platform
