#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/config/config_source.h"
#include "services/platform/kafka/record.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::platform {

// Turns the records of trama.config.v1 into revisions. A record changes nothing until the closing
// record of its revision; a tombstone belongs to the revision whose close comes next. Pure.
class ConfigFold {
 public:
  // The new revision when `record` closes one, otherwise null. DATA_LOSS when it cannot be read.
  absl::StatusOr<ConfigPtr> Take(const Record& record);

 private:
  ConfigPtr Close(int64_t revision);

  int64_t revision_ = 0;
  std::map<std::string, config::v1::Resource> resources_;  // By the record's key.
  std::vector<std::pair<std::string, std::optional<config::v1::Resource>>> pending_;
};

}  // namespace trama::platform
