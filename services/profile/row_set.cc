#include "services/profile/row_set.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/kernel/check.h"
#include "services/profile/timeline_order.h"

namespace trama::profile {

namespace {

// Where an entry is found; empty for other rows.
std::string PlaceOf(const v1::ProfileRow& row) {
  if (!row.has_entry()) return "";
  return absl::StrCat(PositionOf(row.entry()), " ", row.entry().conversation_id());
}

}  // namespace

std::string DeterministicBytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

void RowSet::Load(const RowKey& key, std::optional<v1::ProfileRow> row) {
  Slot slot;
  if (row.has_value()) {
    slot.was_version = row->version();
    slot.was_bytes = DeterministicBytes(*row);
    slot.was_place = PlaceOf(*row);
  }
  slot.row = std::move(row);
  slots_.insert_or_assign(key, std::move(slot));
}

const v1::ProfileRow* RowSet::Find(const RowKey& key) const {
  const auto it = slots_.find(key);
  TRAMA_CHECK(it != slots_.end());
  return it->second.row.has_value() ? &*it->second.row : nullptr;
}

const v1::IdentifierRow* RowSet::Identifier(const RowKey& key) const {
  const v1::ProfileRow* row = Find(key);
  return row != nullptr && row->has_identifier() ? &row->identifier() : nullptr;
}

const v1::Attributes* RowSet::Attributes(const RowKey& key) const {
  const v1::ProfileRow* row = Find(key);
  return row != nullptr && row->has_attributes() ? &row->attributes() : nullptr;
}

const v1::LinkRow* RowSet::Link(const RowKey& key) const {
  const v1::ProfileRow* row = Find(key);
  return row != nullptr && row->has_link() ? &row->link() : nullptr;
}

const v1::TimelineEntry* RowSet::Entry(const RowKey& key) const {
  const v1::ProfileRow* row = Find(key);
  return row != nullptr && row->has_entry() ? &row->entry() : nullptr;
}

v1::ProfileRow& RowSet::Begin(const RowKey& key) {
  const auto it = slots_.find(key);
  TRAMA_CHECK(it != slots_.end());
  Slot& slot = it->second;
  if (!slot.row.has_value()) slot.row.emplace();
  slot.row->set_row_id(RowIdOf(key));
  slot.row->set_workspace(key.workspace);
  return *slot.row;
}

void RowSet::Finish(const RowKey& key) {
  Slot& slot = slots_.find(key)->second;
  slot.touched = true;
  slot.traceparent = traceparent_;
  slot.row->set_version(slot.was_version);
  if (slot.was_version != 0 && DeterministicBytes(*slot.row) == slot.was_bytes) return;
  slot.row->set_version(slot.was_version + 1);
}

void RowSet::Put(const RowKey& key, const v1::IdentifierRow& row) {
  *Begin(key).mutable_identifier() = row;
  Finish(key);
}

void RowSet::Put(const RowKey& key, const v1::Attributes& row) {
  *Begin(key).mutable_attributes() = row;
  Finish(key);
}

void RowSet::Put(const RowKey& key, const v1::LinkRow& row) {
  *Begin(key).mutable_link() = row;
  Finish(key);
}

void RowSet::Put(const RowKey& key, const v1::TimelineEntry& row) {
  *Begin(key).mutable_entry() = row;
  Finish(key);
}

std::vector<RowSet::Change> RowSet::Touched() const {
  std::vector<Change> touched;
  for (const auto& [key, slot] : slots_) {
    if (!slot.touched) continue;
    touched.push_back({key, slot.was_version, &*slot.row,
                       slot.was_version == 0 || PlaceOf(*slot.row) != slot.was_place,
                       DeterministicBytes(*slot.row), slot.traceparent});
  }
  return touched;
}

}  // namespace trama::profile
