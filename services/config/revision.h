#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/change_plan.h"
#include "services/config/config_store.h"

// A revision as it stands on the topics, written and read.
//
//   trama.config.v1           key "Queue/demo/billing"   the resource, or a tombstone
//                             key "revision"             closes the revision; the last record of it
//   trama.config.history.v1   the same keys; instead of a tombstone a record that says `deleted`;
//                             the closing record also says which command it was and its answer
namespace trama::config {

inline constexpr char kClosingKey[] = "revision";

// How long a repeated command gets its first answer.
inline constexpr absl::Duration kCommandsKept = absl::Hours(24);
inline constexpr size_t kCommandsMax = 10'000;

// A plan that is to be written.
struct Revision {
  ChangePlan plan;
  std::string author;
  absl::Time at;
  std::string command;  // From CommandKey; never empty.
};

// A record of either topic. DATA_LOSS when it cannot be read.
absl::StatusOr<v1::ConfigRecord> ParseConfigRecord(std::string_view key, std::string_view value);

// One record of a topic, before it gets partition and headers.
struct RevisionRecord {
  std::string key;
  std::optional<std::string> value;  // None: a tombstone.
  std::string type;                  // ce_type
  std::string id;                    // ce_id
};

// In the order in which they are to be written, all in one transaction.
std::vector<RevisionRecord> ConfigRecords(const Revision& revision);
std::vector<RevisionRecord> HistoryRecords(const Revision& revision);

// Names a command by who sent it and his id for it.
std::string CommandKey(const Caller& caller, std::string_view rpc, std::string_view command_id);

// What was answered.
struct CommandAnswer {
  int64_t revision = 0;
  std::vector<v1::Change> changes;
};

// The commands of the last kCommandsKept, from the closing records of the history.
class CommandAnswers {
 public:
  void Remember(const std::string& command, absl::Time at, CommandAnswer answer);
  // A record of the history; others than closing ones say nothing. DATA_LOSS when it cannot be
  // read.
  absl::Status Take(std::string_view key, std::string_view value);
  const CommandAnswer* Find(const std::string& command) const;
  // Forgets what is older than kCommandsKept, and the oldest above kCommandsMax.
  void Expire(absl::Time now);
  size_t size() const { return answers_.size(); }

 private:
  absl::btree_map<std::string, CommandAnswer> answers_;
  absl::btree_set<std::pair<absl::Time, std::string>> by_age_;  // When, and which command.
};

// Reads trama.config.v1 from its beginning: gives out a store whenever a revision is closed.
class RevisionReader {
 public:
  // A record in the topic's order. DATA_LOSS when it cannot be read: a service with a hole in its
  // memory must not decide.
  absl::Status Take(std::string_view key, const std::optional<std::string>& value);

  // The newest closed revision; revision 0 and empty at first. Never null.
  const std::shared_ptr<const ConfigStore>& current() const { return current_; }

 private:
  ConfigStore open_;  // With the records of a revision that is not closed yet.
  std::shared_ptr<const ConfigStore> current_ = std::make_shared<const ConfigStore>();
};

}  // namespace trama::config
