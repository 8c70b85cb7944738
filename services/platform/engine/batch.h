#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "services/kernel/machine.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

// A reply that waits for the commit of what it says.
struct HeldReply {
  OnReply on_reply;
  absl::Status status;
  MessagePtr response;
};

// What leaves after a commit, in the order in which it was made.
using Release = std::variant<HeldReply, Push>;

// What one transaction holds, and what leaves after it. A value without threads.
class Batch {
 public:
  void AddRecord(Record record);
  // A row of the changelog; none erases it. The last value of a key counts.
  void PutRow(std::string key, std::optional<std::string> value);
  void AddRelease(Release release) { releases_.push_back(std::move(release)); }
  void CountInput() { ++inputs_; }
  // An applied input's traceparent, for the span of the commit.
  void AddTrace(std::string traceparent) { traces_.push_back(std::move(traceparent)); }

  // Must something be written? If not, what is to leave may leave without a transaction.
  bool durable() const { return !records_.empty() || !rows_.empty(); }
  bool empty() const { return !durable() && releases_.empty(); }
  size_t inputs() const { return inputs_; }
  size_t bytes() const { return bytes_; }

  const std::vector<Record>& records() const { return records_; }
  const std::map<std::string, std::optional<std::string>>& rows() const { return rows_; }
  std::vector<Release>& releases() { return releases_; }
  const std::vector<std::string>& traces() const { return traces_; }

 private:
  std::vector<Record> records_;
  std::map<std::string, std::optional<std::string>> rows_;
  std::vector<Release> releases_;
  std::vector<std::string> traces_;
  size_t inputs_ = 0;
  size_t bytes_ = 0;
};

// Size of a record as it counts for limits.
size_t BytesOf(const Record& record);

}  // namespace trama::platform
