#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/config/revision_log.h"
#include "trama/config/v1/config_service.pb.h"

namespace trama::config {

// Part of the history that one call looks through, in offsets of its topic.
inline constexpr int64_t kHistoryOffsetsPerCall = 4000;
inline constexpr int32_t kHistoryPageMax = 100;
inline constexpr int32_t kHistoryPageDefault = 20;
inline constexpr int32_t kHistoryChangesMax = 100;  // Listed of one revision.

// Makes one page of the history, newest first, from records in the topic's order.
class HistoryPage {
 public:
  // INVALID_ARGUMENT for what History cannot be asked.
  static absl::StatusOr<HistoryPage> For(const v1::HistoryRequest& request);

  // Which part to read, given what there is.
  HistorySpan Choose(const HistorySpan& whole);

  // A record of that part. DATA_LOSS when it cannot be read.
  absl::Status Take(const HistoryRecord& record);

  v1::HistoryResponse Finish() &&;

 private:
  struct Line {
    int64_t offset = 0;
    v1::RevisionSummary summary;
  };

  HistoryPage() = default;

  bool Wants(const v1::Change& change) const;

  std::string workspace_;
  v1::ResourceRef resource_;
  size_t page_size_ = 0;
  int64_t before_ = INT64_MAX;  // Only what stands before this offset.
  HistorySpan whole_;
  HistorySpan chosen_;
  std::deque<Line> newest_;  // At most page_size_, oldest first.
  bool left_out_ = false;    // There was one more, older.
};

// Folds the history to the store as it was right after a revision.
class RevisionReplay {
 public:
  explicit RevisionReplay(int64_t revision) : revision_(revision) {}

  // In the topic's order; false when nothing more is needed.
  absl::StatusOr<bool> Take(const HistoryRecord& record);

  // NOT_FOUND (reason UNKNOWN_REVISION) when the revision did not come.
  absl::StatusOr<ConfigStore> Finish() &&;

 private:
  const int64_t revision_;
  ConfigStore store_;
  bool found_ = false;
};

}  // namespace trama::config
