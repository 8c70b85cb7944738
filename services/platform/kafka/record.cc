#include "services/platform/kafka/record.h"

#include "absl/strings/str_cat.h"

namespace trama::platform {

const std::string* FindHeader(const Record& record, std::string_view key) {
  for (auto header = record.headers.rbegin(); header != record.headers.rend(); ++header) {
    if (header->key == key) return &header->value;
  }
  return nullptr;
}

std::string Place(const Record& record) {
  return absl::StrCat(record.topic, "/", record.partition, "/", record.offset);
}

}  // namespace trama::platform
