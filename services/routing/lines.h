#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/routing/bits.h"
#include "services/routing/limits.h"
#include "services/routing/model.h"
#include "services/routing/settings.h"

namespace trama::routing {

// The conversations of one queue. Kept by channel class, because an agent may have room for one
// channel and not for another.
struct Line {
  std::string name;                         // Empty: of conversations that no queue takes.
  const QueueSettings* settings = nullptr;  // Null: no such queue (any more).
  int index = -1;                           // Among the configured queues; -1 for none.

  std::array<absl::btree_set<LinePlace>, kChannelClassesMax> waiting;
  absl::btree_multiset<int64_t> enqueued_ms;  // Of those that wait.
  int32_t waiting_count = 0;
  int32_t offered_count = 0;
  int32_t assigned_count = 0;
};

// All lines of a workspace. A queue that is deleted keeps its line until it is empty.
class Lines {
 public:
  // `settings` must outlive the next Configure.
  void Configure(const WorkspaceSettings& settings);

  // The line of that name, made if need be.
  Line& Get(std::string_view name);
  // Null when there is none.
  Line* Find(std::string_view name);

  void Add(Line& line, int channel_class, const LinePlace& place, int64_t enqueued_ms);
  void Remove(Line& line, int channel_class, const LinePlace& place, int64_t enqueued_ms);

  // Configured queues in which conversations of that class wait, by index.
  const Bits& BusyQueues(int channel_class) const { return busy_[channel_class]; }
  Line& At(size_t index) { return *by_index_[index]; }
  size_t queue_count() const { return by_index_.size(); }

  // Its place among all that wait there, 1 = first; 0 when more than kPositionCountedMax are
  // before.
  static int Position(const Line& line, const LinePlace& place);

  // In order of names.
  void ForEach(const std::function<void(Line&)>& visit);

 private:
  absl::btree_map<std::string, std::unique_ptr<Line>, std::less<>> lines_;
  std::vector<Line*> by_index_;
  std::array<Bits, kChannelClassesMax> busy_;
};

}  // namespace trama::routing
