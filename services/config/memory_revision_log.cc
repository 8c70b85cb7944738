#include "services/config/memory_revision_log.h"

#include <utility>

#include "services/kernel/check.h"

namespace trama::config {

std::shared_ptr<const ConfigStore> MemoryRevisionLog::Current() const {
  RevisionReader reader;
  for (const RevisionRecord& record : topics_.config) {
    TRAMA_CHECK(reader.Take(record.key, record.value).ok());
  }
  return reader.current();
}

absl::StatusOr<RevisionLog::Owned> MemoryRevisionLog::Own(absl::Time) {
  if (epoch_ != topics_.epoch) {
    epoch_ = ++topics_.epoch;
    commands_ = CommandAnswers();
    for (const RevisionRecord& record : topics_.history) {
      TRAMA_CHECK(commands_.Take(record.key, *record.value).ok());
    }
  }
  return Owned{Current(), &commands_};
}

absl::Status MemoryRevisionLog::Append(const Revision& revision, absl::Time) {
  const AppendFault fault = std::exchange(fault_, AppendFault::kNone);
  if (std::exchange(epoch_, -1) != topics_.epoch) {
    return absl::FailedPreconditionError("fenced by another owner");
  }
  if (fault == AppendFault::kLost) return absl::DeadlineExceededError("commit timed out");
  for (RevisionRecord& record : ConfigRecords(revision)) topics_.config.push_back(record);
  for (RevisionRecord& record : HistoryRecords(revision)) topics_.history.push_back(record);
  if (fault == AppendFault::kWrittenLate) return absl::DeadlineExceededError("commit timed out");
  epoch_ = topics_.epoch;
  commands_.Remember(revision.command, revision.at,
                     {revision.plan.revision, revision.plan.changes});
  return absl::OkStatus();
}

absl::Status MemoryRevisionLog::ReadHistory(absl::Time, const ChooseSpan& choose,
                                            const TakeRecord& take) const {
  const HistorySpan span = choose({0, static_cast<int64_t>(topics_.history.size())});
  for (int64_t i = span.begin; i < span.end; ++i) {
    const RevisionRecord& record = topics_.history[static_cast<size_t>(i)];
    const absl::StatusOr<bool> more = take({i, record.key, *record.value});
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  return absl::OkStatus();
}

}  // namespace trama::config
