#include "services/platform/engine/caution.h"

#include <utility>

namespace trama::platform {

using engine::v1::LifeRow;
using engine::v1::OffsetRow;

Caution::Caution(const LoopRows& rows, bool died, TopicOffsets ends)
    : life_(rows.life), offsets_(rows.offsets), ends_(std::move(ends)) {
  if (!rows.found || life_.left()) {
    life_.Clear();
  } else if (died) {
    life_.set_deaths(life_.deaths() + 1);
  }
  for (auto& [topic, row] : offsets_) {
    if (!row.alone()) continue;
    if (died) row.set_deaths(row.deaths() + 1);
    row.set_alone(false);
    changed_.push_back(topic);
  }
}

std::vector<RowChange> Caution::TakeoverRows() const {
  std::vector<RowChange> rows = {LifeChange(life_)};
  for (const std::string& topic : changed_) rows.push_back(OffsetChange(topic, offsets_.at(topic)));
  return rows;
}

Caution::Way Caution::WayOf(const std::string& topic, int64_t offset) const {
  const auto row = offsets_.find(topic);
  if (row != offsets_.end() && row->second.next_offset() == offset &&
      row->second.deaths() >= kDeathsMax) {
    return Way::kDeadLetter;
  }
  if (life_.deaths() < kDeathsBeforeCaution) return Way::kTogether;
  const auto end = ends_.find(topic);
  return end != ends_.end() && offset < end->second ? Way::kAlone : Way::kTogether;
}

RowChange Caution::AboutToApply(const std::string& topic, int64_t offset) {
  OffsetRow& row = offsets_[topic];
  if (row.next_offset() != offset) row.set_deaths(0);
  row.set_next_offset(offset);
  row.set_alone(true);
  return OffsetChange(topic, row);
}

RowChange Caution::Passed(const std::string& topic, int64_t offset) {
  OffsetRow& row = offsets_[topic];
  row.set_next_offset(offset + 1);
  row.clear_alone();
  row.clear_deaths();
  return OffsetChange(topic, row);
}

std::optional<RowChange> Caution::Lived() {
  if (life_.deaths() == 0) return std::nullopt;
  life_.clear_deaths();
  return LifeChange(life_);
}

RowChange Caution::Left() {
  LifeRow life;
  life.set_left(true);
  return LifeChange(life);
}

}  // namespace trama::platform
