#include "services/reporting/dead_letter_box.h"

#include <algorithm>

#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/dead_letter.h"

namespace trama::reporting {

void DeadLetterBox::Passed(const platform::TopicPartition& partition, int64_t next) {
  int64_t& known = next_[partition];
  known = std::max(known, next);
}

bool DeadLetterBox::Add(const platform::Record& record, std::string reason, absl::Time now) {
  int64_t& next = next_[{record.topic, record.partition}];
  if (record.offset < next) return false;
  next = record.offset + 1;
  const std::string* trace = platform::FindHeader(record, "traceparent");
  waiting_.push_back(platform::DeadLetterOf(record, {.service = "reporting",
                                                     .reason = std::move(reason),
                                                     .failed_at = now,
                                                     .traceparent = trace ? *trace : ""}));
  waiting_.back().topic = topic_;
  return true;
}

}  // namespace trama::reporting
