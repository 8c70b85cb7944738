#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/kernel/machine.h"
#include "services/routing/state.h"
#include "services/routing/step.h"

namespace trama::routing {

// Decides who answers whom, for the workspaces of one partition number: a pure function of its
// inputs. Reads Work, Delivery and SlaEvent records, the requests of RoutingService, answers of
// profile (ProfileAnswer) and configuration.
//
// Promises: every message of a person waits in exactly one queue until somebody has it; at most one
// agent has a conversation; nobody is asked for more than his capacity; whoever may take waiting
// work and has room for it is asked in the same step; every event of a conversation has the next
// sequence number; nothing happens twice, however often an input comes.
//
// What is over, and what only has to be remembered, rests in archives (see Table).
//
// Lifetime: one per owned partition, called by that partition's loop only.
class RoutingMachine : public Machine {
 public:
  explicit RoutingMachine(int32_t partition, Rest rest = {}) : state_(partition, std::move(rest)) {}

  absl::Status LoadRow(std::string_view key, std::string_view value) override;
  void TakeArchive(std::string_view table, std::shared_ptr<Archive> archive) override {
    state_.TakeArchive(table, std::move(archive));
  }
  absl::Status LoadRows(std::span<const RowBytes> rows) override;
  void Apply(const Stamp& at, const Input& input, Effects& effects) override;
  absl::Time NextDeadline() const override;
  std::vector<RowChange> TakeChangedRows() override;

  // Dies when a promise is broken.
  void CheckInvariants() const { state_.CheckInvariants(); }
  void CheckAtRest() const { state_.CheckAtRest(); }
  const State& state() const { return state_; }

 private:
  Step StepOf(const Stamp& at, const Input& input, Effects& effects) const;

  void On(Step& step, const Tick& tick);
  void On(Step& step, const LogEntry& entry);
  void On(Step& step, const Command& command);
  void On(Step& step, const Answer& answer);
  void On(Step& step, const ConfigRevision& revision);
  void On(Step& step, const TakenOver& taken);

  // Those timers that the rows lay down come before any input: what was over before it came must
  // not be decided by it.
  void FireWakes(Step& step);
  // Handles one other due timer; false when there is none.
  bool FireOne(Step& step);

  State state_;
  bool has_taken_over_ = false;
  // Of the newest step.
  int64_t now_ms_ = 0;
  int64_t caught_up_ms_ = 0;
};

}  // namespace trama::routing
