#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/redis/redis_client.h"
#include "services/reporting/kpi_fold.h"
#include "services/reporting/kpi_rows.h"
#include "trama/reporting/v1/reporting_service.pb.h"

namespace trama::reporting {

// The counters of one partition number in Redis, with how far its topics were counted. Counters and
// position move in one script, so a record counts once whatever fails.
//
// Keys, all with the hash tag of the partition number p and the version of this layout (with a new
// one everything is counted again from the topics):
//   trama:{report2-<p>}:offsets                 topic → next offset to count
//   trama:{report2-<p>}:buckets:<workspace>     bucket times, as a sorted set
//   trama:{report2-<p>}:bucket:<workspace>:<t>  "channel\x1fqueue\x1fagent\x1fcounter" → value
//   trama:{report2-<p>}:where:<workspace>       conversation → its state, for the live figures
//   trama:{report2-<p>}:live:<workspace>        "open\x1fqueue\x1fchannel", "waiting…" → value
//   trama:{report2-<p>}:agents:<workspace>      agent → AgentState
//   trama:{report2-<p>}:dirty                   "workspace\x1fbucket" → changed since published
//
// Thread-safe. Blocks.
class KpiStore {
 public:
  // Buckets older than this are dropped; as long as the topics are kept.
  static constexpr absl::Duration kKept = absl::Hours(24 * 400);

  explicit KpiStore(platform::RedisClient& redis) : redis_(redis) {}

  // The next offset to count; 0 when nothing was counted.
  absl::StatusOr<int64_t> Position(int32_t partition, const std::string& topic);

  // Adds what a run of records amounts to and moves the position from `expected` to `next`.
  // FailedPrecondition, and nothing is added, when somebody else has moved it: read Position again.
  absl::Status Add(int32_t partition, const std::string& topic, int64_t expected, int64_t next,
                   const Folded& folded);

  absl::StatusOr<CountersByGroup> Read(int32_t partition, const std::string& workspace,
                                       const Range& range);
  // Without agents.
  absl::StatusOr<v1::LiveFigures> Live(int32_t partition, const std::string& workspace);
  absl::StatusOr<AgentStates> Agents(int32_t partition, const std::string& workspace);

  // Buckets that changed and have not been published since, oldest first.
  struct Dirty {
    std::string workspace;
    int64_t bucket = 0;
    std::string mark;  // For MarkPublished.
  };
  absl::StatusOr<std::vector<Dirty>> ListDirty(int32_t partition, size_t most);
  // Forgets the mark unless the bucket has changed again.
  absl::Status MarkPublished(int32_t partition, const Dirty& dirty);

 private:
  platform::RedisClient& redis_;
};

}  // namespace trama::reporting
