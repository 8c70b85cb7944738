#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/change_plan.h"
#include "services/config/revision_log.h"
#include "services/platform/base/clock.h"

namespace trama::config {

// Carries out changes, one at a time: own the log, decide on all that stands in it, append. When
// another replica has taken over meanwhile nothing of ours is seen, so the decision is made anew on
// what that one wrote. So any replica may be asked, and two at once do no harm but cost a takeover.
//
// Thread-safe; calls block until their deadline.
class Applier {
 public:
  // Taking over from each other more often than this within one call means that replicas fight.
  static constexpr int kAttemptsMax = 5;

  // `draw_id`: an id that no other call has, for commands without one.
  Applier(RevisionLog& log, const platform::Clock& clock, int32_t partition_numbers,
          std::function<std::string()> draw_id)
      : log_(log),
        clock_(clock),
        partition_numbers_(partition_numbers),
        draw_id_(std::move(draw_id)) {}

  // As PlanApply and PlanDelete; besides, UNAVAILABLE when the log cannot be written (safe to
  // repeat with the same command id) and ABORTED (reason REPLICAS_FIGHT).
  absl::StatusOr<v1::ApplyResponse> Apply(const Caller& caller, const v1::ApplyRequest& request,
                                          absl::Time deadline);
  absl::StatusOr<v1::DeleteResponse> Delete(const Caller& caller, const v1::DeleteRequest& request,
                                            absl::Time deadline);

  // As PlanRollback; besides, NOT_FOUND (reason UNKNOWN_REVISION). The history up to that revision
  // is read first.
  absl::StatusOr<v1::RollbackResponse> Rollback(const Caller& caller,
                                                const v1::RollbackRequest& request,
                                                absl::Time deadline);

 private:
  using Planner = std::function<absl::StatusOr<ChangePlan>(const ConfigStore&, const Act&)>;

  struct Wish {
    const Caller& caller;
    const char* rpc;
    const std::string& command_id;
    bool dry_run;
    absl::Time deadline;
    Planner plan;
  };

  // What came of a wish.
  struct Outcome {
    CommandAnswer answer;
    std::vector<v1::ResourceDifference> differences;  // Of a dry run.
  };

  template <typename Response>
  static absl::StatusOr<Response> ResponseOf(absl::StatusOr<Outcome> outcome);
  absl::StatusOr<Outcome> Carry(const Wish& wish);
  absl::StatusOr<Outcome> Try(const Wish& wish) const;
  absl::StatusOr<CommandAnswer> Attempt(const Wish& wish, const std::string& command, bool* again);

  RevisionLog& log_;
  const platform::Clock& clock_;
  const int32_t partition_numbers_;
  const std::function<std::string()> draw_id_;
  std::timed_mutex writing_;
};

}  // namespace trama::config
