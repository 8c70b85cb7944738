#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "services/config/revision_log.h"

namespace trama::config {

// The topics in memory, shared by the replicas of a test. One thread at a time.
struct MemoryTopics {
  std::vector<RevisionRecord> config;
  std::vector<RevisionRecord> history;
  int64_t epoch = 0;  // Counts the takeovers.
};

// What happens to the next Append.
enum class AppendFault {
  kNone,
  kLost,         // Not written, and the writer is told of a time-out.
  kWrittenLate,  // Written, but the writer is told of a time-out.
};

// A RevisionLog over MemoryTopics: fencing and doubtful commits without a broker.
class MemoryRevisionLog final : public RevisionLog {
 public:
  explicit MemoryRevisionLog(MemoryTopics& topics) : topics_(topics) {}

  std::shared_ptr<const ConfigStore> Current() const override;
  absl::StatusOr<Owned> Own(absl::Time deadline) override;
  absl::Status Append(const Revision& revision, absl::Time deadline) override;

  absl::Status ReadHistory(absl::Time deadline, const ChooseSpan& choose,
                           const TakeRecord& take) const override;

  void set_fault(AppendFault fault) { fault_ = fault; }

 private:
  MemoryTopics& topics_;
  int64_t epoch_ = -1;  // -1: not the owner.
  CommandAnswers commands_;
  AppendFault fault_ = AppendFault::kNone;
};

}  // namespace trama::config
