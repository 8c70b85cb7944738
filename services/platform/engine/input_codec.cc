#include "services/platform/engine/input_codec.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::platform {

InputCodec::InputCodec(const std::vector<EngineInput>& inputs) {
  for (const EngineInput& input : inputs) prototypes_.emplace(input.topic, input.prototype);
}

absl::StatusOr<LogEntry> InputCodec::Decode(const Record& record) const {
  const auto prototype = prototypes_.find(record.topic);
  if (prototype == prototypes_.end()) {
    return absl::InvalidArgumentError(absl::StrCat("nobody reads topic ", record.topic));
  }
  absl::StatusOr<EventAttributes> event = ParseEventHeaders(record);
  if (!event.ok()) return event.status();
  if (!record.value.has_value()) return absl::InvalidArgumentError("the record has no value");
  std::shared_ptr<google::protobuf::Message> message(prototype->second->New());
  if (!message->ParseFromString(*record.value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the value is not a ", message->GetDescriptor()->full_name()));
  }
  return LogEntry{.topic = record.topic,
                  .partition = record.partition,
                  .offset = record.offset,
                  .written_at = record.timestamp,
                  .id = std::move(event->id),
                  .traceparent = std::move(event->traceparent),
                  .message = std::move(message)};
}

}  // namespace trama::platform
