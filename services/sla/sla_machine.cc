#include "services/sla/sla_machine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::sla {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kConfigKey[] = "config";

// Nobody waits for an answer: until the next event it is only asked for.
bool ConversationRests(const std::string&, const v1::ConversationRow& row) {
  return row.unanswered_since_ms() == 0;
}

bool ClockRests(const std::string&, const v1::ClockRow& clock) { return !IsOpen(clock); }

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixMillis(TimeUtil::TimestampToMilliseconds(timestamp));
}

// Sorted first (by pointers: strings are slow to move), each goes to the end of the set: a fraction
// of the time.
absl::btree_set<std::pair<absl::Time, std::string>> Sorted(
    std::vector<std::pair<absl::Time, std::string>> values) {
  std::vector<std::pair<absl::Time, std::string>*> order;
  order.reserve(values.size());
  for (auto& value : values) order.push_back(&value);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return *a < *b; });
  absl::btree_set<std::pair<absl::Time, std::string>> sorted;
  for (auto* value : order) sorted.insert(sorted.end(), std::move(*value));
  return sorted;
}

}  // namespace

absl::Status SlaMachine::LoadRow(std::string_view key, std::string_view value) {
  const RowBytes row{key, value};
  return LoadRows({&row, 1});
}

void SlaMachine::TakeArchive(std::string_view table, std::shared_ptr<Archive> archive) {
  if (table == conversations_.name()) conversations_.TakeArchive(std::move(archive));
  if (table == clocks_.name()) clocks_.TakeArchive(std::move(archive));
}

absl::Status SlaMachine::LoadRows(std::span<const RowBytes> rows) {
  if (rows.empty()) return absl::OkStatus();
  const std::string_view table = SplitRowKey(rows.front().key).first;
  if (table == conversations_.name()) return LoadConversations(rows);
  if (table == clocks_.name()) return LoadClocks(rows);
  if (table == meta_.name()) {
    return meta_.LoadAll(
        rows, [](const auto&...) { return LoadedTo::kMemory; }, [](const auto&...) {});
  }
  return absl::DataLossError(
      absl::StrCat("row ", ToAbsl(rows.front().key), " is of a table that sla does not know"));
}

absl::Status SlaMachine::LoadConversations(std::span<const RowBytes> rows) {
  return conversations_.LoadAll(
      rows,
      [](const std::string& id, const v1::ConversationRow& row) {
        return ConversationRests(id, row) ? LoadedTo::kRest : LoadedTo::kRestUntilAsked;
      },
      [this](uint64_t, const std::string& id, const v1::ConversationRow& row, LoadedTo) {
        if (row.forget_at_ms() == 0) return;
        loaded_forgets_.emplace_back(absl::FromUnixMillis(row.forget_at_ms()), id);
      });
}

absl::Status SlaMachine::LoadClocks(std::span<const RowBytes> rows) {
  return clocks_.LoadAll(
      rows,
      [](const std::string& id, const v1::ClockRow& clock) {
        return ClockRests(id, clock) ? LoadedTo::kRest : LoadedTo::kRestUntilAsked;
      },
      [this](uint64_t, const std::string& id, const v1::ClockRow& clock, LoadedTo) {
        const absl::Time wake = NextWake(clock);
        if (wake != absl::InfiniteFuture()) loaded_wakes_.emplace_back(wake, id);
      });
}

void SlaMachine::Apply(const Stamp& at, const Input& input, Effects& effects) {
  std::visit([&](const auto& event) { On(at, event, effects); }, input);
}

absl::Time SlaMachine::NextDeadline() const {
  if (!retargets_.empty()) return absl::InfinitePast();
  absl::Time next = absl::InfiniteFuture();
  if (!wakes_.empty()) next = wakes_.begin()->first;
  if (!forgets_.empty()) next = std::min(next, forgets_.begin()->first);
  return next;
}

std::vector<RowChange> SlaMachine::TakeChangedRows() {
  std::vector<RowChange> changes;
  clocks_.TakeChanges(changes, ClockRests);
  conversations_.TakeChanges(changes, ConversationRests);
  meta_.TakeChanges(changes);
  return changes;
}

template <typename Visit>
void SlaMachine::ForEachOpenClock(Visit visit) const {
  // None of them rests for longer than until it is asked for.
  clocks_.ForEachFrom(0, /*at_rest_too=*/false,
                      [&](uint64_t, const std::string& id, const v1::ClockRow& clock) {
                        if (IsOpen(clock)) visit(id, clock);
                        return true;
                      });
}

void SlaMachine::On(const Stamp&, const TakenOver&, Effects&) {
  wakes_ = Sorted(std::exchange(loaded_wakes_, {}));
  forgets_ = Sorted(std::exchange(loaded_forgets_, {}));
  const v1::ConfigRow* config = meta_.Find(kConfigKey);
  revision_ = config == nullptr ? 0 : config->revision();
}

void SlaMachine::On(const Stamp&, const ConfigRevision& revision, Effects&) {
  std::shared_ptr<const PolicyBook> former = std::move(book_);
  book_ =
      std::make_shared<PolicyBook>(static_cast<const config::v1::Snapshot&>(*revision.snapshot));
  // No row keeps what the clocks counted by before a takeover. The new book is the best guess: by
  // none at all each second would have counted.
  if (!std::exchange(is_configured_, true)) former = book_;
  // After a restart: the clocks stand as this revision has set them.
  if (revision.revision == revision_) return;
  revision_ = revision.revision;
  // Those that still wait for the last revision go on to count by their older book.
  ForEachOpenClock(
      [&](const std::string& id, const v1::ClockRow&) { retargets_.emplace(id, former); });
  if (retargets_.empty()) meta_.Put(kConfigKey).set_revision(revision_);
}

void SlaMachine::On(const Stamp& at, const Tick&, Effects& effects) {
  Step step{at, effects, "tick", ""};
  size_t left = kFiresPerTickMax;
  for (; left > 0 && !retargets_.empty(); --left) {
    const std::string id = retargets_.begin()->first;
    Retarget(step, id, "configuration", at.now);
    retargets_.erase(id);
    if (retargets_.empty()) meta_.Put(kConfigKey).set_revision(revision_);
  }
  const absl::Time due = std::min(at.now, at.caught_up);
  for (; left > 0 && !wakes_.empty() && wakes_.begin()->first <= due; --left) {
    const std::string id = wakes_.begin()->second;
    Fire(step, id);
  }
  Forget(at.now);
}

// A command that is no read does not exist here; a peer is never asked.
void SlaMachine::On(const Stamp&, const Answer&, Effects&) {}

void SlaMachine::On(const Stamp& at, const LogEntry& entry, Effects& effects) {
  TRAMA_CHECK(entry.topic == topics_.conversations);
  const auto& event = static_cast<const Event&>(*entry.message);
  const v1::ConversationRow* known = conversations_.Find(event.conversation_id());
  if (known != nullptr && event.sequence() <= known->sequence()) return;
  // Forgotten: receipts go on to come for longer than its clocks are kept, and nothing would ever
  // forget a row that one of them made.
  if (known == nullptr && event.state() == conversation::v1::STATE_CLOSED) return;

  v1::ConversationRow& row = conversations_.Put(event.conversation_id());
  row.set_workspace(event.workspace());
  row.set_channel(event.channel());
  row.set_sequence(event.sequence());
  Step step{at, effects, event.event_id(), entry.traceparent};
  Fold(step, event, row);
}

void SlaMachine::Fold(Step& step, const Event& event, v1::ConversationRow& row) {
  const absl::Time moment = ToTime(event.occurred_at());
  switch (event.fact_case()) {
    case Event::kMessageReceived:
      if (!event.message_received().automatic() && row.unanswered_since_ms() == 0) {
        row.set_unanswered_since_ms(
            absl::ToUnixMillis(ToTime(event.message_received().received_at())));
      }
      break;
    case Event::kReopened:
      BreachOverdue(step, row, moment);
      row.clear_agent_id();
      row.set_unanswered_since_ms(absl::ToUnixMillis(ToTime(event.reopened().received_at())));
      break;
    case Event::kQueued:
      OnQueued(step, event, row);
      break;
    case Event::kAccepted:
      BreachOverdue(step, row, moment);
      row.set_agent_id(event.accepted().agent_id());
      Fulfil(step, row, v1::CLOCK_KIND_QUEUE_ANSWER, moment);
      break;
    case Event::kReplySent:
      if (!event.reply_sent().is_human_public()) break;
      row.set_unanswered_since_ms(0);
      Fulfil(step, row, v1::CLOCK_KIND_FIRST_RESPONSE, moment);
      break;
    case Event::kFactsLearned:
      BreachOverdue(step, row, moment);
      *row.mutable_facts() = event.facts_learned().facts();
      RetargetAll(step, row, "customer facts", moment);
      break;
    case Event::kAbandoned:
      CancelAll(step, row, "abandoned", moment);
      break;
    case Event::kResolved:
      row.set_unanswered_since_ms(0);
      CancelAll(step, row, "resolved", moment);
      break;
    case Event::kClosed:
      CancelAll(step, row, "closed", moment);
      row.set_forget_at_ms(absl::ToUnixMillis(step.at.now + kKeptAfterClose));
      forgets_.emplace(absl::FromUnixMillis(row.forget_at_ms()), event.conversation_id());
      break;
    default:
      break;
  }
}

void SlaMachine::OnQueued(Step& step, const Event& event, v1::ConversationRow& row) {
  const conversation::v1::Queued& queued = event.queued();
  const absl::Time moment = ToTime(event.occurred_at());
  BreachOverdue(step, row, moment);
  row.clear_agent_id();  // It waits for one.
  const bool moved = row.queue() != queued.queue() || row.priority() != queued.priority();
  row.set_queue(queued.queue());
  row.set_priority(queued.priority());
  if (moved) RetargetAll(step, row, "queue or priority", moment);

  if (row.unanswered_since_ms() != 0) {
    Activate(step, event.conversation_id(), row, v1::CLOCK_KIND_FIRST_RESPONSE,
             absl::FromUnixMillis(row.unanswered_since_ms()), moment);
  }
  if (queued.is_new_entry()) {
    Activate(step, event.conversation_id(), row, v1::CLOCK_KIND_QUEUE_ANSWER,
             ToTime(queued.enqueued_at()), moment);
  }
}

void SlaMachine::Forget(absl::Time now) {
  for (size_t left = kFiresPerTickMax;
       left > 0 && !forgets_.empty() && forgets_.begin()->first <= now; --left) {
    const std::string id = forgets_.begin()->second;
    forgets_.erase(forgets_.begin());
    const v1::ConversationRow* row = conversations_.Find(id);
    TRAMA_CHECK(row != nullptr);
    const std::vector<std::string> clock_ids(row->clock_ids().begin(), row->clock_ids().end());
    for (const std::string& clock_id : clock_ids) clocks_.Erase(clock_id);
    conversations_.Erase(id);
  }
}

void SlaMachine::CheckInvariants() const {
  size_t waiting = 0;
  // Where they lie: to look for them would wake what rests, and no test would meet it.
  clocks_.ForEach([&](const std::string& id, const v1::ClockRow& clock) {
    const absl::Time wake = NextWake(clock);
    if (wake != absl::InfiniteFuture()) {
      TRAMA_CHECK(wakes_.contains({wake, id}));
      ++waiting;
    }
    TRAMA_CHECK(conversations_.Has(clock.conversation_id()));
    if (clock.state() == v1::CLOCK_STATE_FULFILLED) TRAMA_CHECK(!IsOpen(clock));
  });
  TRAMA_CHECK(waiting == wakes_.size());
}

}  // namespace trama::sla
