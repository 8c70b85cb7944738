#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/engine/applier.h"
#include "services/platform/engine/caught_up.h"
#include "services/platform/engine/committer.h"
#include "services/platform/engine/inbox.h"
#include "services/platform/engine/input_codec.h"
#include "services/platform/engine/input_ends.h"
#include "services/platform/engine/takeover.h"
#include "services/platform/engine/tick_pace.h"

namespace trama::platform {

enum class StopOrder {
  kNone,
  kLeave,  // Finish the batch, commit, clear the owner.
  kDrop,   // Others may own the partition already: commit nothing more.
};

// What the loop shows to others while it serves.
struct TenureView {
  // Asked at every turn.
  std::function<StopOrder()> stop;
  // Once, when everything that stood in the inputs at the start was applied.
  std::function<void()> on_caught_up;
  // Now and then: what is committed, by topic.
  std::function<void(const TopicOffsets&)> on_positions;
};

// One process' time as the owner of a partition, from the takeover to the end of it: reads the
// inputs, applies them, and hands what gathers to the committer. All on the loop's thread.
class Tenure {
 public:
  Tenure(const LoopContext& context, int32_t partition, Taken taken, std::shared_ptr<Inbox> inbox,
         InputEnds& ends, TenureView view);
  // Whatever was not committed is dropped, its calls get OWNER_LOST.
  ~Tenure();

  // Serves until told to stop (OK) or until something fails: then the memory may be ahead of the
  // log, and only a new takeover finds out. INVALID_ARGUMENT: the machine's own fault.
  absl::Status Run();

 private:
  absl::Status Turn();
  absl::Status Leave();
  // Config first, then what answers, then calls.
  void TakeItems();
  void TakeConfig(const ConfigPtr& config);
  void TakeEnds(const absl::StatusOr<TopicOffsets>& ends);
  void TickIfDue();
  absl::Status TakeRecords(absl::Duration turn_begun);
  absl::Status TakeRecord(const Record& record);
  absl::Status TakeAlone(const Record& record);
  void DecodeAndApply(const Record& record);
  void SetAside(const Record& record, const std::string& reason, const char* why);
  void NotePassed(const Record& record);

  bool Full() const;
  size_t Room() const;
  absl::Duration TimeToWait();
  void AskForEnds();
  void NoteCaughtUp();
  void OncePerSecond();
  int64_t Applied(const std::string& topic) const;

  // Hands over what has gathered, if the committer is idle.
  void HandOver();
  // Commits everything that has gathered, and waits for it.
  absl::Status Settle();
  absl::Status WaitForCommitter();

  const LoopContext& context_;
  const int32_t partition_;
  const int64_t incarnation_;
  const std::shared_ptr<Inbox> inbox_;
  InputEnds& ends_;
  const TenureView view_;
  const InputCodec codec_;
  const std::unique_ptr<Consumer> consumer_;
  const std::unique_ptr<Caution> caution_;
  ConfigPtr config_;  // Taken in; before the first Run(), to be taken in.
  Applier applier_;
  std::unique_ptr<Committer> committer_;
  std::shared_ptr<void> subscription_;

  std::deque<Record> pending_;  // Read and not yet applied.
  CaughtUp caught_up_;
  TopicOffsets applied_;  // Next offset by topic, as far as records came in this tenure.
  TickPace ticks_;
  absl::Duration last_second_ = absl::ZeroDuration();
  bool told_caught_up_ = false;
};

}  // namespace trama::platform
