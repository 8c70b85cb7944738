#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/kafka/record.h"

namespace trama::reporting {

// The dead letters of records that cannot be counted, until they are written. A process makes one
// for a record, however often its batch is tried again, and also when everything is counted anew
// because Redis was emptied.
class DeadLetterBox {
 public:
  // `topic`: where the letters go.
  explicit DeadLetterBox(std::string topic) : topic_(std::move(topic)) {}

  // What lies before `next` has been passed, by us or an owner before us: its letters are written.
  void Passed(const platform::TopicPartition& partition, int64_t next);

  // False when the record has its letter. Records of a partition come in their order.
  bool Add(const platform::Record& record, std::string reason, absl::Time now);

  // Those to be written before the positions of their records are.
  const std::vector<platform::Record>& waiting() const { return waiting_; }
  void Written() { waiting_.clear(); }

 private:
  const std::string topic_;
  std::map<platform::TopicPartition, int64_t> next_;  // What lies before has its letters.
  std::vector<platform::Record> waiting_;
};

}  // namespace trama::reporting
