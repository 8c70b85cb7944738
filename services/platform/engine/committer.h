#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/base/clock.h"
#include "services/platform/engine/batch.h"
#include "services/platform/engine/engine_metrics.h"
#include "services/platform/kafka/transactional_producer.h"

namespace trama::platform {

struct CommitterOptions {
  std::string changelog;
  int32_t partition = 0;
  absl::Duration timeout;
  absl::Duration pause;  // After each commit; everything that waited for it is released before.
  // A fact that is now committed. From the commit thread.
  std::function<void(const Push&)> push;
  // Something has changed: a batch was committed and released, or has failed. From the commit
  // thread, without a lock held.
  std::function<void()> on_change;
};

// Sends one batch after the other in transactions, on a thread of its own, and lets go what waits
// for them. After a failure nothing more is sent: what was in doubt stays in doubt until the next
// owner has called Init().
class Committer {
 public:
  Committer(std::unique_ptr<TransactionalProducer> producer, CommitterOptions options,
            const Clock& clock, EngineMetrics& metrics);
  // Waits for the batch that is under way. Calls of a batch that failed have got their answer.
  ~Committer();

  // Nothing is under way, everything is released, nothing has failed. It stays so until Commit().
  bool idle() const;
  // OK until a commit fails.
  absl::Status status() const;

  // Only while idle. A batch that needs no transaction is released on the calling thread.
  void Commit(Batch batch);

  // Waits up to `timeout` until idle or failed.
  void WaitIdle(absl::Duration timeout);

 private:
  void Run();
  absl::Status Send(const Batch& batch);
  void Let(Batch& batch);

  const CommitterOptions options_;
  const Clock& clock_;
  EngineMetrics& metrics_;
  prometheus::Histogram& seconds_;
  const std::unique_ptr<TransactionalProducer> producer_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Batch> next_;
  bool busy_ = false;
  bool stopping_ = false;
  absl::Status status_;
  std::thread thread_;
};

// Answers the calls of a batch that will not be committed: OWNER_LOST. Its pushes are withdrawn.
void FailReplies(Batch& batch, EngineMetrics& metrics);

}  // namespace trama::platform
