#include "services/kernel/archive.h"

#include "services/kernel/check.h"

namespace trama {

std::optional<ArchivePlace> MemoryArchive::Append(std::string_view record) {
  if (free_.empty()) {
    free_.push_back(ArchivePlace{records_.size()});
    records_.emplace_back();
  }
  const ArchivePlace place = free_.back();
  free_.pop_back();
  records_[static_cast<size_t>(place)] = std::string(record);
  return place;
}

std::string_view MemoryArchive::Read(ArchivePlace place) {
  const std::optional<std::string>& record = records_.at(static_cast<size_t>(place));
  TRAMA_CHECK(record.has_value());
  return *record;
}

void MemoryArchive::Release(ArchivePlace place) {
  std::optional<std::string>& record = records_.at(static_cast<size_t>(place));
  TRAMA_CHECK(record.has_value());
  record.reset();
  free_.push_back(place);
}

}  // namespace trama
