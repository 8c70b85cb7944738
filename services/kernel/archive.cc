#include "services/kernel/archive.h"

#include <cstring>

#include "services/kernel/check.h"

namespace trama {

void WriteArchivedRow(const ArchivedRow& row, std::string& record) {
  const uint32_t size = static_cast<uint32_t>(row.key.size());
  record.assign(reinterpret_cast<const char*>(&size), sizeof(size));
  record.append(row.key).append(row.value);
}

ArchivedRow ReadArchivedRow(std::string_view record) {
  uint32_t size = 0;
  std::memcpy(&size, record.data(), sizeof(size));
  record.remove_prefix(sizeof(size));
  return {record.substr(0, size), record.substr(size)};
}

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
