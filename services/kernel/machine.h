#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/kernel/archive.h"
#include "services/kernel/caller.h"

// The contract between the brain of a service and the loop that drives it.
//
// A machine is pure: one thread, no I/O, no clock, no randomness, ordered containers wherever an
// order can reach an effect. Equal inputs in equal order give equal effects. Everything that can
// fail in the outside world arrives as another input. The loop commits the effects of a step, the
// changed rows and the positions of the inputs in one Kafka transaction.
namespace trama {

using MessagePtr = std::shared_ptr<const google::protobuf::Message>;

// The one clock a machine may read. The loop takes it once per step; it never goes back, not even
// over a restart.
struct Stamp {
  absl::Time now;
  // Everything that stood in the inputs before this moment has been applied. A decision of the kind
  // "nobody has answered until T" may be taken only when caught_up >= T.
  absl::Time caught_up;
};

// "Time has passed": at or after NextDeadline(), or because caught_up has moved.
struct Tick {};

// One decoded record of an input topic.
struct LogEntry {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  absl::Time written_at;    // Kafka's timestamp.
  std::string id;           // ce_id; readers drop repeats by it.
  std::string traceparent;  // W3C trace context, may be empty.
  MessagePtr message;
};

// Names one waiting call of this process. It is never written to a row or a record.
using CallId = uint64_t;

// One call of a client: a command that changes something, or a read.
struct Command {
  CallId call = 0;
  Caller caller;
  std::string id;  // The client's idempotency id; empty for reads.
  std::string traceparent;
  MessagePtr request;  // The request message of the RPC.
};

// A peer's answer to a Question, or the news that there was none.
struct Answer {
  MessagePtr question;
  absl::Status status;
  MessagePtr response;  // Null unless status is OK.
};

// A configuration revision, whole. `snapshot` is a trama.config.v1.Snapshot.
struct ConfigRevision {
  int64_t revision = 0;
  MessagePtr snapshot;
};

// This process owns the partition from now on. Comes once, first, after the rows were loaded.
struct TakenOver {
  int64_t incarnation = 0;  // Higher than that of every earlier owner.
};

using Input = std::variant<Tick, LogEntry, Command, Answer, ConfigRevision, TakenOver>;

// A record to append to a topic, at the partition that the machine owns unless it says otherwise.
struct OutRecord {
  std::string topic;
  std::string key;
  std::string type;     // ce_type, for example "trama.conversation.v1.Accepted".
  std::string id;       // ce_id: derived from the cause, so that a repeat has the same.
  std::string subject;  // ce_subject, usually equal to the key.
  absl::Time time;      // ce_time.
  std::string traceparent;
  std::string value;  // A serialized message.
  // For the few topics that are not divided as the engines' are; none: the partition of the
  // machine.
  std::optional<int32_t> partition;
};

// The answer to a Command. It leaves after the commit that holds what it says.
struct Reply {
  CallId call = 0;
  absl::Status status;
  MessagePtr response;  // Null unless status is OK.
};

// News for whoever listens to `stream` (for routing: workspace + "/" + agent id).
struct Push {
  std::string stream;
  MessagePtr message;
  // A proposal (an offer) may leave before its commit: a crash merely withdraws it. Facts wait.
  bool proposal = false;
};

// A question to a peer. It is asked at once; the answer comes back as an Input.
struct Question {
  MessagePtr request;
};

// What one or more steps have caused, in order. A value: printable, comparable, committed as one.
struct Effects {
  std::vector<OutRecord> records;
  std::vector<Reply> replies;
  std::vector<Push> pushes;
  std::vector<Question> questions;
};

// A row that changed: its key in the changelog ("<table>/<key>") and its bytes, none when erased.
struct RowChange {
  std::string key;
  std::optional<std::string> value;
};

// A row as it stands in the changelog; points into memory of whoever loads it.
struct RowBytes {
  std::string_view key;
  std::string_view value;
  // Where it lies in the archive that came before it (Machine::TakeArchive), if it does.
  std::optional<ArchivePlace> place = {};
};

class Machine {
 public:
  virtual ~Machine() = default;

  // Before the rows of a table: the archive in which they lie already (ArchivedRow). A machine
  // whose rows rest may go on with it, so that they are not written once more.
  virtual void TakeArchive(std::string_view /*table*/, std::shared_ptr<Archive> /*archive*/) {}

  // Before any Apply: one row of the changelog; each key once, in any order, and rows of different
  // tables possibly by different threads at once. An error means that the row cannot be understood,
  // which stops the takeover: a machine with a hole in its memory must not decide.
  virtual absl::Status LoadRow(std::string_view key, std::string_view value) = 0;

  // The same for many rows of one table, in the order in which they were first written; a large one
  // comes in pieces. For machines that can do it faster than one by one.
  virtual absl::Status LoadRows(std::span<const RowBytes> rows) {
    for (const RowBytes& row : rows) {
      if (absl::Status loaded = LoadRow(row.key, row.value); !loaded.ok()) return loaded;
    }
    return absl::OkStatus();
  }

  virtual void Apply(const Stamp& at, const Input& input, Effects& effects) = 0;

  // When the loop must Apply a Tick; InfiniteFuture() when nothing waits on time.
  virtual absl::Time NextDeadline() const = 0;

  // The rows that changed since the last call, each once, in key order.
  virtual std::vector<RowChange> TakeChangedRows() = 0;
};

}  // namespace trama
