#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "services/platform/base/health.h"
#include "services/platform/engine/inbox.h"
#include "services/platform/engine/input_ends.h"
#include "services/platform/engine/takeover.h"
#include "services/platform/engine/tenure.h"

namespace trama::platform {

// One partition number that is assigned to this process: takes it over, serves it, and takes it
// over again whenever that fails, until it is stopped. One thread (and the commit thread of the
// tenure). The public functions are thread-safe.
class PartitionLoop {
 public:
  // `on_change`: ready() may have changed; from the loop's thread.
  PartitionLoop(const LoopContext& context, int32_t partition, InputEnds& ends,
                std::function<void()> on_change);
  // RequestStop(kDrop) and Join().
  ~PartitionLoop();

  void RequestStop(StopOrder order);
  // Waits for the end of the thread. Once.
  void Join();

  Inbox& inbox() { return *inbox_; }
  // Served, and everything that stood in the inputs when it was taken over was applied.
  bool ready() const { return ready_.load(); }
  // What is committed, by topic; empty until something is.
  TopicOffsets positions() const;

 private:
  void Run();
  // OK: stopped.
  absl::Status Serve();
  absl::StatusOr<Taken> Take();
  absl::Status Hold(Taken taken);
  // Waits between takeovers.
  void Pause(const absl::Status& why);
  void SetReady(bool ready);
  bool stopping();

  const LoopContext& context_;
  const int32_t partition_;
  InputEnds& ends_;
  const std::function<void()> on_change_;
  const std::shared_ptr<Inbox> inbox_;
  const std::unique_ptr<Heartbeat> heartbeat_;
  std::atomic<bool> ready_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  StopOrder stop_ = StopOrder::kNone;
  TopicOffsets positions_;

  // Of the thread:
  absl::Duration backoff_;
  std::optional<int64_t> ours_;  // The incarnation that we last held, or tried to.
  absl::Duration wanted_since_;  // Monotonic: for how long nobody has served it.
  std::thread thread_;
};

}  // namespace trama::platform
