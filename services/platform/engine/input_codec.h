#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/kernel/machine.h"
#include "services/platform/engine/engine_spec.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

// Turns records into inputs by their topic. Pure.
class InputCodec {
 public:
  explicit InputCodec(const std::vector<EngineInput>& inputs);

  // What is wrong with a record that cannot be an input: no or wrong CloudEvents headers, a
  // tombstone, bytes that are not the topic's message. The text quotes nothing of the value.
  absl::StatusOr<LogEntry> Decode(const Record& record) const;

 private:
  std::map<std::string, const google::protobuf::Message*> prototypes_;
};

}  // namespace trama::platform
