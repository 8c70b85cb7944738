#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/profile/row_key.h"
#include "trama/profile/v1/profile_events.pb.h"

namespace trama::profile {

// The rows that some inputs touch, as they were read and as they shall be. What folds into them
// says what it needs beforehand (RowsOf), so that all of it can be read at once.
//
// A row stays the message that was read: fields that a newer release wrote survive.
class RowSet {
 public:
  // What was read of a row; none: there is no such row.
  void Load(const RowKey& key, std::optional<v1::ProfileRow> row);

  // Null when there is none. The key must have been loaded.
  const v1::IdentifierRow* Identifier(const RowKey& key) const;
  const v1::Attributes* Attributes(const RowKey& key) const;
  const v1::LinkRow* Link(const RowKey& key) const;
  const v1::TimelineEntry* Entry(const RowKey& key) const;

  // The W3C trace context (may be empty) of what is put from now on.
  void Trace(std::string traceparent) { traceparent_ = std::move(traceparent); }

  // The row as it shall be. One that is as it was counts as touched, not as changed.
  void Put(const RowKey& key, const v1::IdentifierRow& row);
  void Put(const RowKey& key, const v1::Attributes& row);
  void Put(const RowKey& key, const v1::LinkRow& row);
  void Put(const RowKey& key, const v1::TimelineEntry& row);

  struct Change {
    RowKey key;
    int64_t was_version = 0;  // 0: there was none.
    const v1::ProfileRow* row = nullptr;
    // Is an entry found elsewhere than it was: at another position, in another conversation?
    bool moves = true;
    std::string bytes;        // Of the row, deterministic.
    std::string traceparent;  // Of what touched it last.

    bool IsNew() const { return row->version() != was_version; }
  };
  // Everything that was Put, changed or not, in its newest form. Pointers live as long as the set.
  std::vector<Change> Touched() const;

 private:
  struct Slot {
    int64_t was_version = 0;
    std::string was_bytes;  // Deterministic, with was_version.
    std::string was_place;  // As PlaceOf.
    std::optional<v1::ProfileRow> row;
    bool touched = false;
    std::string traceparent;
  };
  const v1::ProfileRow* Find(const RowKey& key) const;
  v1::ProfileRow& Begin(const RowKey& key);
  void Finish(const RowKey& key);

  std::map<RowKey, Slot> slots_;
  std::string traceparent_;
};

// The same bytes for equal messages, also where they hold maps.
std::string DeterministicBytes(const google::protobuf::MessageLite& message);

}  // namespace trama::profile
