#include "services/routing/lines.h"

#include <algorithm>

#include "services/kernel/check.h"

namespace trama::routing {

bool Agent::HasLoad() const {
  return std::any_of(held.begin(), held.end(), [](const Conversation* conversation) {
    return conversation->row->state() != conversation::v1::STATE_OFFERED;
  });
}

bool operator<(const LinePlace& a, const LinePlace& b) {
  if (a.score != b.score) return a.score < b.score;
  if (a.first_enqueued_ms != b.first_enqueued_ms) return a.first_enqueued_ms < b.first_enqueued_ms;
  return a.conversation->key < b.conversation->key;
}

void Lines::Configure(const WorkspaceSettings& settings) {
  for (const auto& [name, line] : lines_) {
    line->settings = nullptr;
    line->index = -1;
  }
  by_index_.clear();
  for (const QueueSettings& queue : settings.queues) {
    Line& line = Get(queue.name);
    line.settings = &queue;
    line.index = static_cast<int>(by_index_.size());
    by_index_.push_back(&line);
  }
  for (size_t c = 0; c < busy_.size(); ++c) {
    busy_[c].Reset(by_index_.size());
    for (const Line* line : by_index_) {
      busy_[c].Set(static_cast<size_t>(line->index), !line->waiting[c].empty());
    }
  }
}

Line& Lines::Get(std::string_view name) {
  if (Line* line = Find(name)) return *line;
  auto line = std::make_unique<Line>();
  line->name = std::string(name);
  return *lines_.emplace(std::string(name), std::move(line)).first->second;
}

Line* Lines::Find(std::string_view name) {
  const auto it = lines_.find(name);
  return it == lines_.end() ? nullptr : it->second.get();
}

void Lines::Add(Line& line, int channel_class, const LinePlace& place, int64_t enqueued_ms) {
  auto& waiting = line.waiting[channel_class];
  const size_t others = waiting.size();
  waiting.insert(waiting.end(), place);  // Mostly it comes last.
  TRAMA_CHECK(waiting.size() == others + 1);
  if (waiting.size() == 1 && line.index >= 0) {
    busy_[channel_class].Set(static_cast<size_t>(line.index), true);
  }
  line.enqueued_ms.insert(line.enqueued_ms.end(), enqueued_ms);
  ++line.waiting_count;
}

void Lines::Remove(Line& line, int channel_class, const LinePlace& place, int64_t enqueued_ms) {
  auto& waiting = line.waiting[channel_class];
  TRAMA_CHECK(waiting.erase(place) == 1);
  if (waiting.empty() && line.index >= 0) {
    busy_[channel_class].Set(static_cast<size_t>(line.index), false);
  }
  line.enqueued_ms.erase(line.enqueued_ms.find(enqueued_ms));
  --line.waiting_count;
}

int Lines::Position(const Line& line, const LinePlace& place) {
  int before = 0;
  for (const auto& waiting : line.waiting) {
    for (auto it = waiting.begin(); it != waiting.end() && *it < place; ++it) {
      if (++before > kPositionCountedMax) return 0;
    }
  }
  return before + 1;
}

void Lines::ForEach(const std::function<void(Line&)>& visit) {
  for (const auto& [name, line] : lines_) visit(*line);
}

}  // namespace trama::routing
