#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/config_store.h"
#include "services/config/revision.h"

namespace trama::config {

// A part of trama.config.history.v1: from an offset up to, not including, another.
struct HistorySpan {
  int64_t begin = 0;
  int64_t end = 0;
};

// One record of it.
struct HistoryRecord {
  int64_t offset = 0;
  std::string key;
  std::string value;
};

// The topics of the configuration, as one replica sees them: read by all, written by the owner.
// There is one real log (kafka_revision_log.h) and one in memory for tests.
class RevisionLog {
 public:
  virtual ~RevisionLog() = default;

  // The newest revision that was read. It may lag behind what another replica has just written.
  // Never null. Thread-safe, never waits.
  virtual std::shared_ptr<const ConfigStore> Current() const = 0;

  // What the owner knows: complete as long as nobody else has taken over since.
  struct Owned {
    std::shared_ptr<const ConfigStore> store;
    const CommandAnswers* commands = nullptr;  // Until the next call of Own or Append.
  };

  // Makes this replica the owner, if it is not: from then on no earlier owner can write any more,
  // and what became of his last transaction is settled. Then reads everything that was committed.
  // One caller at a time.
  virtual absl::StatusOr<Owned> Own(absl::Time deadline) = 0;

  // Writes a revision in one transaction, all or nothing. After OK Current() has it. After any
  // error it is unknown whether it stands there, and this replica is no longer the owner: Own()
  // settles it, and the answers to commands tell. One caller at a time.
  virtual absl::Status Append(const Revision& revision, absl::Time deadline) = 0;

  // Says what to read, given all that there is.
  using ChooseSpan = std::function<HistorySpan(const HistorySpan& whole)>;
  // Takes a record; false: no more.
  using TakeRecord = std::function<absl::StatusOr<bool>(const HistoryRecord& record)>;

  // Reads a part of the history, everything that was committed before the call. Any replica,
  // thread-safe.
  virtual absl::Status ReadHistory(absl::Time deadline, const ChooseSpan& choose,
                                   const TakeRecord& take) const = 0;
};

}  // namespace trama::config
