#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/btree_set.h"
#include "services/kernel/table.h"
#include "services/routing/bits.h"
#include "services/routing/limits.h"
#include "services/routing/settings.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/routing/v1/routing_rows.pb.h"
#include "trama/types/v1/types.pb.h"

// What the engine holds in memory beside its rows. The rows are the truth; what here is derived
// from them is kept in order by State::Sync.
namespace trama::routing {

struct Agent;
struct Conversation;
struct Line;
struct Workspace;

// A conversation's place in its queue: the lower score is served first, then who came first, then
// the lower id. A total order.
struct LinePlace {
  int64_t score = 0;
  int64_t first_enqueued_ms = 0;
  Conversation* conversation = nullptr;

  friend bool operator<(const LinePlace& a, const LinePlace& b);
  friend bool operator==(const LinePlace&, const LinePlace&) = default;
};

// Where a conversation stands among the others.
struct Placement {
  conversation::v1::State state = conversation::v1::STATE_UNSPECIFIED;
  Line* line = nullptr;     // Of its queue, while queued, offered or assigned.
  LinePlace place;          // While queued.
  int64_t enqueued_ms = 0;  // While queued.
  Agent* holder = nullptr;  // Whose capacity it holds.
  int32_t units = 0;

  friend bool operator==(const Placement&, const Placement&) = default;
};

// How a customer is answered. Personal data, so it is in memory only: filled from Work, and after a
// takeover from profile.
struct ReplyAddress {
  types::v1::Identifier identifier;
  std::string address;
  std::string display_name;
};

// The row of a conversation. It may be at rest since a takeover, until somebody looks at it.
class ConversationRowRef {
 public:
  using Rows = Table<v1::ConversationRow>;

  // Null, and Set follows.
  ConversationRowRef() = default;
  void Set(const v1::ConversationRow& row) { row_ = &row; }
  // The row of that key, which must outlive this, as `rows` must.
  void SetAtRest(const Rows& rows, const std::string& key) {
    rows_ = &rows;
    key_ = &key;
  }

  bool is_at_hand() const { return row_ != nullptr; }
  const v1::ConversationRow& operator*() const {
    if (row_ == nullptr) row_ = rows_->Find(*key_);
    return *row_;
  }
  const v1::ConversationRow* operator->() const { return &**this; }

 private:
  const Rows* rows_ = nullptr;
  const std::string* key_ = nullptr;
  mutable const v1::ConversationRow* row_ = nullptr;
};

// One that somebody works on, waits for or has just asked for; the others are rows at rest.
struct Conversation {
  std::string key;    // "<workspace>/<conversation id>"
  uint64_t hash = 0;  // KeyHash of it.
  Workspace* workspace = nullptr;
  ConversationRowRef row;
  v1::ConversationRow* editable_row = nullptr;  // The same; only for State::Edit.
  uint64_t edited_in = 0;                       // The batch in which it was marked as changed.

  int channel_class = 0;
  Placement placement;

  std::optional<types::v1::Identifier> identifier;  // Of who opened it.
  std::optional<ReplyAddress> reply_to;             // Of who wrote last.
  std::optional<std::string> subject;

  // Moments, see Dues and Schedule.
  int64_t wakes_ms = 0;
  int64_t closes_ms = 0;
  int64_t asks_ms = 0;
  int64_t over_rank = 0;  // Not 0: it is over; the higher, the later somebody asked for it.

  bool asking = false;  // A question to profile is under way.
  int ask_attempts = 0;

  bool HasAddress() const { return identifier && reply_to && subject; }
};

// An agent's place among those who can take work, see Roster.
struct ReadyPlace {
  int32_t units_held = 0;
  int64_t since_ms = 0;
  int32_t rank = 0;
  Agent* agent = nullptr;

  friend bool operator<(const ReadyPlace& a, const ReadyPlace& b) {
    if (a.units_held != b.units_held) return a.units_held < b.units_held;
    if (a.since_ms != b.since_ms) return a.since_ms < b.since_ms;
    return a.rank < b.rank;
  }
  friend bool operator==(const ReadyPlace&, const ReadyPlace&) = default;
};

struct ByKey {
  bool operator()(const Conversation* a, const Conversation* b) const { return a->key < b->key; }
};

struct Agent {
  std::string key;  // "<workspace>/<agent id>"
  std::string name;
  Workspace* workspace = nullptr;
  const AgentSettings* settings = nullptr;  // Null: not configured (any more).
  const v1::AgentRow* row = nullptr;        // Null: was never present.
  v1::AgentRow* editable_row = nullptr;     // The same; only for State::Edit.
  uint64_t edited_in = 0;                   // As of Conversation.

  // Derived from the conversations that he holds.
  absl::btree_set<Conversation*, ByKey> held;
  int32_t units_held = 0;
  std::array<int32_t, kChannelClassesMax> held_by_class{};

  // Kept by Roster.
  int32_t rank = 0;   // Among the workspace's agents, by name.
  Bits queues;        // Whose work he may do: serves them and has the skills.
  uint32_t room = 0;  // Bit c: is available and can take one more of channel class c.
  bool is_available = false;
  ReadyPlace ready;  // While room is not 0.

  // Does he work on anything? An open offer is no work yet.
  bool HasLoad() const;

  int64_t heard_ms = 0;
  int64_t silent_ms = 0;  // When his silence is looked at, see Schedule.
};

}  // namespace trama::routing
