#include "services/platform/engine/batch.h"

namespace trama::platform {

size_t BytesOf(const Record& record) {
  size_t bytes = record.key.size() + (record.value.has_value() ? record.value->size() : 0);
  for (const Header& header : record.headers) bytes += header.key.size() + header.value.size();
  return bytes;
}

void Batch::AddRecord(Record record) {
  bytes_ += BytesOf(record);
  records_.push_back(std::move(record));
}

void Batch::PutRow(std::string key, std::optional<std::string> value) {
  bytes_ += key.size() + (value.has_value() ? value->size() : 0);
  rows_.insert_or_assign(std::move(key), std::move(value));
}

}  // namespace trama::platform
