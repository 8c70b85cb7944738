#include "services/config/applier.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/platform/base/log.h"

namespace trama::config {
namespace {

using platform::LogLevel;

CommandAnswer AnswerOf(ChangePlan plan) { return {plan.revision, std::move(plan.changes)}; }

template <typename Response>
absl::StatusOr<Response> ResponseOf(absl::StatusOr<CommandAnswer> answer) {
  if (!answer.ok()) return answer.status();
  Response response;
  response.set_revision(answer->revision);
  for (v1::Change& change : answer->changes) *response.add_changes() = std::move(change);
  return response;
}

}  // namespace

absl::StatusOr<v1::ApplyResponse> Applier::Apply(const Caller& caller,
                                                 const v1::ApplyRequest& request,
                                                 absl::Time deadline) {
  const auto plan = [&](const ConfigStore& store, const Act& act) {
    return PlanApply(store, request, act, partition_numbers_);
  };
  return ResponseOf<v1::ApplyResponse>(
      Carry({caller, "Apply", request.command_id(), request.dry_run(), deadline, plan}));
}

absl::StatusOr<v1::DeleteResponse> Applier::Delete(const Caller& caller,
                                                   const v1::DeleteRequest& request,
                                                   absl::Time deadline) {
  const auto plan = [&](const ConfigStore& store, const Act& act) {
    return PlanDelete(store, request, act);
  };
  return ResponseOf<v1::DeleteResponse>(
      Carry({caller, "Delete", request.command_id(), request.dry_run(), deadline, plan}));
}

absl::StatusOr<CommandAnswer> Applier::Carry(const Wish& wish) {
  if (wish.dry_run) {
    absl::StatusOr<ChangePlan> plan =
        wish.plan(*log_.Current(), {.caller = wish.caller, .at = clock_.Now()});
    if (!plan.ok()) return plan.status();
    return AnswerOf(*std::move(plan));
  }
  std::unique_lock lock(writing_, std::defer_lock);
  if (!lock.try_lock_for(absl::ToChronoMilliseconds(wish.deadline - clock_.Now()))) {
    return absl::DeadlineExceededError("other changes took too long; repeat with more time");
  }
  const std::string command =
      CommandKey(wish.caller, wish.rpc, wish.command_id.empty() ? draw_id_() : wish.command_id);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    bool again = false;
    absl::StatusOr<CommandAnswer> answer = Attempt(wish, command, &again);
    if (!again) return answer;
    platform::Log(LogLevel::kWarning, "revision could not be written, trying again",
                  {{"attempt", attempt}, {"error", answer.status()}});
    if (clock_.Now() >= wish.deadline) {
      return absl::UnavailableError(
          "the change could not be written in time and may stand or not; repeat it with the same "
          "command_id");
    }
  }
  return TypedError(
      absl::StatusCode::kAborted, "REPLICAS_FIGHT",
      absl::StrCat("other replicas took over ", kAttemptsMax, " times during the call; repeat it"));
}

// One try. `again`: the revision could not be appended, or nobody knows; what was returned is why.
absl::StatusOr<CommandAnswer> Applier::Attempt(const Wish& wish, const std::string& command,
                                               bool* again) {
  absl::StatusOr<RevisionLog::Owned> owned = log_.Own(wish.deadline);
  if (!owned.ok()) return owned.status();
  // Set also when an earlier attempt of this very call was committed after all.
  if (const CommandAnswer* answer = owned->commands->Find(command)) return *answer;

  const Act act{.caller = wish.caller, .at = clock_.Now()};
  absl::StatusOr<ChangePlan> plan = wish.plan(*owned->store, act);
  if (!plan.ok()) return plan.status();
  if (plan->empty()) return AnswerOf(*std::move(plan));

  Revision revision{*std::move(plan), wish.caller.subject, act.at, command};
  const absl::Status appended = log_.Append(revision, wish.deadline);
  *again = !appended.ok();
  if (!appended.ok()) return appended;
  platform::Log(LogLevel::kInfo, "revision applied",
                {{"revision", revision.plan.revision},
                 {"author", revision.author},
                 {"written", revision.plan.written.size()},
                 {"deleted", revision.plan.deleted.size()}});
  return AnswerOf(std::move(revision.plan));
}

}  // namespace trama::config
