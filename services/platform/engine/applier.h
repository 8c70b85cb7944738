#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/platform/engine/batch.h"
#include "services/platform/engine/inbox.h"
#include "services/platform/engine/takeover.h"

namespace trama::platform {

// Gives inputs to the machine and gathers what comes of them: at once go proposals and questions,
// into the batch everything else. Used by the loop's thread only.
class Applier {
 public:
  // Records and rows of engines may be as large as Kafka's default for a topic (max.message.bytes),
  // less what the protocol adds.
  static constexpr size_t kRecordBytesMax = 1'000'000;

  Applier(const LoopContext& context, int32_t partition, int64_t incarnation,
          std::unique_ptr<Machine> machine, std::unique_ptr<StampClock> clock);

  // Reads the clock; never goes back.
  absl::Time Now();
  absl::Time NextDeadline() const { return machine_->NextDeadline(); }

  // True when there were effects; changed rows are found by TakeBatch().
  bool Apply(const Input& input, absl::Time caught_up);
  // A call whose deadline has passed is answered and not applied.
  void ApplyCall(PendingCall call, absl::Time caught_up);
  // True when the machine had something to do.
  bool Tick(absl::Time caught_up);

  // What has gathered, for additions.
  Batch& batch() { return batch_; }
  const Batch& batch() const { return batch_; }
  // True when a batch would hold something.
  bool gathered() const { return applied_ || !batch_.empty(); }
  // The batch with the rows that changed; a new one begins.
  Batch TakeBatch();

  // Answers calls that wait for a reply of the machine beyond their deadline.
  void ExpireCalls();
  // Answers every call that was applied and will not be committed.
  void FailCalls();

  // A promise that the machine has broken, so that its effects cannot be committed.
  const absl::Status& fault() const { return fault_; }

 private:
  void Collect(Effects& effects);
  void CollectReply(Reply& reply);
  void TakeRows();
  // A record or row that is too large is a fault.
  void NoteSize(const std::string& what, size_t bytes);

  struct WaitingCall {
    absl::Duration deadline;
    OnReply on_reply;
  };

  const LoopContext& context_;
  const int32_t partition_;
  const int64_t incarnation_;
  const std::string source_;
  const std::unique_ptr<Machine> machine_;
  const std::unique_ptr<StampClock> clock_;
  int64_t jumps_seen_ = 0;
  absl::Time stamp_;
  Batch batch_;
  bool applied_ = false;  // Since the last batch.
  std::unordered_map<CallId, WaitingCall> waiting_;
  absl::Status fault_;
  std::array<prometheus::Counter*, std::variant_size_v<Input>> counters_;  // By kind of input.
};

}  // namespace trama::platform
