#include "services/config/applier.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/difference.h"
#include "services/config/history_page.h"
#include "services/config/rollback_plan.h"
#include "services/kernel/errors.h"
#include "services/platform/base/log.h"

namespace trama::config {
namespace {

using platform::LogLevel;

CommandAnswer AnswerOf(ChangePlan plan) { return {plan.revision, std::move(plan.changes)}; }

}  // namespace

template <typename Response>
absl::StatusOr<Response> Applier::ResponseOf(absl::StatusOr<Outcome> outcome) {
  if (!outcome.ok()) return outcome.status();
  Response response;
  response.set_revision(outcome->answer.revision);
  for (v1::Change& change : outcome->answer.changes) *response.add_changes() = std::move(change);
  for (v1::ResourceDifference& difference : outcome->differences) {
    *response.add_differences() = std::move(difference);
  }
  return response;
}

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

absl::StatusOr<v1::RollbackResponse> Applier::Rollback(const Caller& caller,
                                                       const v1::RollbackRequest& request,
                                                       absl::Time deadline) {
  RevisionReplay replay(request.revision());
  const absl::Status read = log_.ReadHistory(
      deadline, [](const HistorySpan& whole) { return whole; },
      [&replay](const HistoryRecord& record) { return replay.Take(record); });
  if (!read.ok()) return read;
  const absl::StatusOr<ConfigStore> target = std::move(replay).Finish();
  if (!target.ok()) return target.status();
  const auto plan = [&](const ConfigStore& store, const Act& act) {
    return PlanRollback(store, *target, request, act, partition_numbers_);
  };
  return ResponseOf<v1::RollbackResponse>(
      Carry({caller, "Rollback", request.command_id(), request.dry_run(), deadline, plan}));
}

absl::StatusOr<Applier::Outcome> Applier::Try(const Wish& wish) const {
  const std::shared_ptr<const ConfigStore> store = log_.Current();
  absl::StatusOr<ChangePlan> plan = wish.plan(*store, {.caller = wish.caller, .at = clock_.Now()});
  if (!plan.ok()) return plan.status();
  Outcome outcome{.differences = DifferencesOf(*store, *plan)};
  outcome.answer = AnswerOf(*std::move(plan));
  return outcome;
}

absl::StatusOr<Applier::Outcome> Applier::Carry(const Wish& wish) {
  if (wish.dry_run) return Try(wish);
  std::unique_lock lock(writing_, std::defer_lock);
  if (!lock.try_lock_for(absl::ToChronoMilliseconds(wish.deadline - clock_.Now()))) {
    return absl::DeadlineExceededError("other changes took too long; repeat with more time");
  }
  const std::string command =
      CommandKey(wish.caller, wish.rpc, wish.command_id.empty() ? draw_id_() : wish.command_id);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    bool again = false;
    absl::StatusOr<CommandAnswer> answer = Attempt(wish, command, &again);
    if (!again) {
      if (!answer.ok()) return answer.status();
      return Outcome{.answer = *std::move(answer)};
    }
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
