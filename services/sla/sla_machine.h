#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "services/kernel/archive.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"
#include "services/sla/clock.h"
#include "services/sla/policy_book.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"
#include "trama/sla/v1/sla_rows.pb.h"
#include "trama/sla/v1/sla_service.pb.h"

namespace trama::sla {

// What it reads and writes.
struct SlaTopics {
  std::string conversations = "trama.conversations.v1";
  std::string sla = "trama.sla.v1";
};

// Watches the clocks of conversations: a fold over their events. Promises: a warning or breach is
// never early, never twice for one clock, never lost over a restart, and never false because the
// log had not been read so far (a clock fires only once Stamp.caught_up has passed its moment).
//
// What has ended, and who waits for nothing, rests in archives (see Table). After a takeover the
// others rest, too, until somebody looks at them.
//
// Lifetime: one per owned partition, called by that partition's loop only.
class SlaMachine : public Machine {
 public:
  // How many clocks one tick fires; the rest follow in the next.
  static constexpr size_t kFiresPerTickMax = 512;
  // How long the clocks of a closed conversation can still be asked for.
  static constexpr absl::Duration kKeptAfterClose = absl::Hours(24);
  static constexpr int kPageSizeMax = 200;
  static constexpr int kPageSizeDefault = 50;
  static constexpr int kRowsPerReadMax = 2000;  // Looked at for one page of ended clocks.

  explicit SlaMachine(SlaTopics topics = {}, const MakeArchive& make_archive = MakeMemoryArchive)
      : topics_(std::move(topics)),
        conversations_("conversation", make_archive()),
        clocks_("clock", make_archive()),
        meta_("meta") {}

  absl::Status LoadRow(std::string_view key, std::string_view value) override;
  void TakeArchive(std::string_view table, std::shared_ptr<Archive> archive) override;
  absl::Status LoadRows(std::span<const RowBytes> rows) override;
  void Apply(const Stamp& at, const Input& input, Effects& effects) override;
  absl::Time NextDeadline() const override;
  std::vector<RowChange> TakeChangedRows() override;

  size_t open_clock_count() const { return wakes_.size(); }
  // Of conversations and clocks; looks at all.
  size_t CountAtRest() const { return conversations_.CountAtRest() + clocks_.CountAtRest(); }

  // Dies if the indexes do not say what the rows say.
  void CheckInvariants() const;

 private:
  using Event = conversation::v1::ConversationEvent;
  using Wake = std::pair<absl::Time, std::string>;  // (when, id)

  // What one step needs: its time, its cause, where the effects go.
  struct Step {
    const Stamp& at;
    Effects& effects;
    std::string cause;
    std::string traceparent;
  };

  void On(const Stamp& at, const Tick& tick, Effects& effects);
  void On(const Stamp& at, const LogEntry& entry, Effects& effects);
  void On(const Stamp& at, const Command& command, Effects& effects);
  void On(const Stamp& at, const Answer& answer, Effects& effects);
  void On(const Stamp& at, const ConfigRevision& revision, Effects& effects);
  void On(const Stamp& at, const TakenOver& taken, Effects& effects);

  absl::Status LoadConversations(std::span<const RowBytes> rows);
  absl::Status LoadClocks(std::span<const RowBytes> rows);
  void Fold(Step& step, const Event& event, v1::ConversationRow& row);
  void OnQueued(Step& step, const Event& event, v1::ConversationRow& row);
  void Forget(absl::Time now);
  // visit(id, clock), in no order that means anything.
  template <typename Visit>
  void ForEachOpenClock(Visit visit) const;

  // Clocks. `since` is where it counts from, `moment` when the fact happened.
  void Activate(Step& step, const std::string& conversation, v1::ConversationRow& row,
                v1::ClockKind kind, absl::Time since, absl::Time moment);
  void Fulfil(Step& step, const v1::ConversationRow& row, v1::ClockKind kind, absl::Time moment);
  void Cancel(Step& step, const std::string& clock_id, const std::string& reason,
              absl::Time moment);
  void CancelAll(Step& step, const v1::ConversationRow& row, const std::string& reason,
                 absl::Time moment);
  void Retarget(Step& step, const std::string& clock_id, const std::string& reason,
                absl::Time moment);
  void RetargetAll(Step& step, const v1::ConversationRow& row, const std::string& reason,
                   absl::Time moment);
  // Before a fact of `moment` changes who has the conversation or what was promised: what was due
  // earlier was breached under what held until then.
  void BreachOverdue(Step& step, const v1::ConversationRow& row, absl::Time moment);
  void Fire(Step& step, const std::string& clock_id);
  void Breach(Step& step, const std::string& clock_id, v1::ClockRow& clock);
  // Takes a breach back: what ended the clock happened before it was due, and we learn so only now.
  void Revise(Step& step, const std::string& clock_id, v1::ClockRow& clock, absl::Time moment);
  static void End(v1::ClockRow& clock, v1::ClockState state, absl::Time moment);
  const std::string* OpenClock(const v1::ConversationRow& row, v1::ClockKind kind) const;

  Subject SubjectOf(const v1::ConversationRow& row) const;
  // The book by which the clock counts.
  const PolicyBook& BookOf(const std::string& clock_id) const;
  const Calendar& CalendarOf(const std::string& clock_id, const v1::ClockRow& clock) const;
  // Edits a clock's row and keeps its place among the wakes.
  template <typename Change>
  void Edit(const std::string& clock_id, Change change);
  // Publishes the clock's next event; `fill` sets its fact.
  template <typename Fill>
  void Publish(Step& step, const std::string& clock_id, v1::ClockRow& clock, absl::Time moment,
               Fill fill);

  // Reads.
  absl::Status GetClocks(const Stamp& at, const v1::GetClocksRequest& request,
                         v1::GetClocksResponse& response) const;
  absl::Status ListClocks(const Stamp& at, const v1::ListClocksRequest& request,
                          v1::ListClocksResponse& response) const;
  // By due time.
  absl::Status ListOpen(const Stamp& at, const v1::ListClocksRequest& request, size_t size,
                        v1::ListClocksResponse& response) const;
  // In no order that means anything. Looks at no more than kRowsPerReadMax rows: a page may be
  // short, even empty, and still name a next one.
  absl::Status ListEndedToo(const Stamp& at, const v1::ListClocksRequest& request, size_t size,
                            v1::ListClocksResponse& response) const;
  bool Wanted(const v1::ListClocksRequest& request, const v1::ClockRow& clock) const;
  v1::Clock ViewOf(const Stamp& at, const std::string& id, const v1::ClockRow& clock) const;

  const SlaTopics topics_;
  std::shared_ptr<const PolicyBook> book_ = std::make_shared<PolicyBook>();
  bool is_configured_ = false;  // False from the takeover until the first revision has come.
  Table<v1::ConversationRow> conversations_;
  Table<v1::ClockRow> clocks_;
  Table<v1::ConfigRow> meta_;

  // Derived from the rows.
  absl::btree_set<Wake> wakes_;    // Clocks that wait for a moment.
  absl::btree_set<Wake> forgets_;  // Conversations to be forgotten.
  // Open clocks that the newest revision may move, and the book by which each counts until then.
  // Not one book for all: the next revision may come while those of the last are still here.
  absl::btree_map<std::string, std::shared_ptr<const PolicyBook>> retargets_;
  int64_t revision_ = 0;  // Taken in; the row says so once `retargets_` is empty.
  // Of the rows that were loaded, until TakenOver; by two threads, one for each.
  std::vector<Wake> loaded_wakes_;
  std::vector<Wake> loaded_forgets_;
};

}  // namespace trama::sla
