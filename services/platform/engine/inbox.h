#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/platform/config/config_source.h"
#include "services/platform/engine/caught_up.h"
#include "services/platform/engine/engine_host.h"

namespace trama::platform {

// A call on its way to the machine.
struct PendingCall {
  Command command;
  absl::Duration deadline;  // Of the monotonic clock.
  OnReply on_reply;
};

// What other threads have for a loop: calls, answers of peers, configuration, ends of inputs. Open
// while the loop serves. Thread-safe.
class Inbox {
 public:
  Inbox(size_t calls_max, size_t answers_max) : calls_max_(calls_max), answers_max_(answers_max) {}

  // The loop's side. `wake` is called (quickly, from any thread) whenever something has come; it
  // must stay valid until Close().
  void Open(int64_t incarnation, std::function<void()> wake);
  // Nothing more comes in. Returns the calls that were not taken.
  std::vector<PendingCall> Close();

  struct Items {
    std::optional<absl::StatusOr<TopicOffsets>> ends;
    ConfigPtr config;  // Null: none.
    std::vector<Answer> answers;
    std::vector<PendingCall> calls;
  };
  // At most `answers_max` answers and `calls_max` calls, the oldest first.
  Items Take(size_t answers_max, size_t calls_max);
  bool empty() const;
  size_t calls() const;
  void Wake();

  // The other side. When a call is refused it is given back: UNAVAILABLE while closed,
  // RESOURCE_EXHAUSTED when full.
  absl::Status PutCall(PendingCall& call);
  absl::Status PutAnswer(int64_t incarnation, Answer answer);
  // Only the newest counts.
  void PutConfig(ConfigPtr config);
  void PutEnds(int64_t incarnation, absl::StatusOr<TopicOffsets> ends);

  // None while closed.
  std::optional<int64_t> incarnation() const;

 private:
  const size_t calls_max_;
  const size_t answers_max_;
  mutable std::mutex mutex_;
  std::optional<int64_t> incarnation_;
  std::function<void()> wake_;
  Items items_;
  std::deque<PendingCall> calls_;
  std::deque<Answer> answers_;
};

}  // namespace trama::platform
