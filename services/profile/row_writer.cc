#include "services/profile/row_writer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"
#include "services/kernel/trace_context.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::profile {
namespace {

absl::StatusOr<platform::Record> RecordOf(const RowSet::Change& change, const std::string& topic) {
  const v1::ProfileRow& row = *change.row;
  platform::EventAttributes attributes;
  attributes.id = DerivedId(row.row_id(), row.version());
  attributes.source = "/trama/profile";
  attributes.type = row.GetTypeName();
  attributes.subject = row.row_id();
  if (!change.traceparent.empty()) {
    attributes.traceparent = DerivedTraceparent(change.traceparent, attributes.id);
  }
  absl::StatusOr<std::vector<platform::Header>> headers = platform::EventHeaders(attributes);
  if (!headers.ok()) return headers.status();
  platform::Record record;
  record.topic = topic;
  record.key = row.row_id();
  record.value = change.bytes;
  record.headers = *std::move(headers);
  return record;
}

}  // namespace

RowWriter::RowWriter(RowStore& store, platform::Producer& producer, std::string topic,
                     platform::Metrics& metrics)
    : store_(store),
      producer_(producer),
      topic_(std::move(topic)),
      written_(metrics.Counter("trama_profile_rows_written_total",
                               "Rows written to the topic of profile.", {"type"})),
      repeated_(metrics.Counter("trama_profile_writes_repeated_total",
                                "Writes begun anew because somebody else changed a row.")) {}

absl::Status RowWriter::Write(const std::vector<RowKey>& keys, const Fold& fold,
                              const Owners& told) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (attempt > 0) repeated_->Increment();
    const absl::StatusOr<Outcome> outcome = Attempt(keys, fold, told);
    if (!outcome.ok()) return outcome.status();
    if (*outcome == Outcome::kDone) return absl::OkStatus();
  }
  return absl::AbortedError(
      absl::StrCat("others changed the same rows ", kAttemptsMax, " times; come again"));
}

absl::StatusOr<RowWriter::Outcome> RowWriter::Attempt(const std::vector<RowKey>& keys,
                                                      const Fold& fold, const Owners& told) {
  absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> read = store_.Read(keys);
  if (!read.ok()) return read.status();
  RowSet rows;
  for (size_t i = 0; i < keys.size(); ++i) rows.Load(keys[i], std::move((*read)[i]));
  if (absl::Status folded = fold(rows); !folded.ok()) return folded;

  const std::vector<RowSet::Change> touched = rows.Touched();
  const absl::StatusOr<std::optional<RowStore::Receipt>> put = store_.Put(touched);
  if (!put.ok()) return put.status();
  if (!put->has_value()) return Outcome::kOnceMore;
  // Only now: whose owner is known has its entry in Redis.
  if (absl::Status known = store_.TellOwners(told); !known.ok()) return known;

  if (absl::Status appended = Append(touched); !appended.ok()) return appended;
  const absl::StatusOr<bool> stands = Stands(touched, **put);
  if (!stands.ok()) return stands.status();
  if (!*stands) return Outcome::kOnceMore;
  return Outcome::kDone;
}

absl::StatusOr<bool> RowWriter::Stands(const std::vector<RowSet::Change>& rows,
                                       const RowStore::Receipt& put) {
  const absl::StatusOr<bool> is_newest = store_.IsNewest(put);
  if (!is_newest.ok()) return is_newest.status();
  std::vector<RowKey> keys;
  std::vector<int64_t> appended;
  for (const RowSet::Change& row : rows) {
    if (*is_newest && row.IsNew()) continue;
    keys.push_back(row.key);
    appended.push_back(row.row->version());
  }
  const absl::StatusOr<std::vector<int64_t>> versions = store_.Versions(keys);
  if (!versions.ok()) return versions.status();
  return *versions == appended;
}

absl::Status RowWriter::Append(const std::vector<RowSet::Change>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<platform::Record> records;
  for (const RowSet::Change& change : rows) {
    absl::StatusOr<platform::Record> record = RecordOf(change, topic_);
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
    const std::string_view type = RowTypeName(change.key.type);
    written_.With({type}).Increment();
  }
  return producer_.ProduceAll(records, kProduceTimeout);
}

}  // namespace trama::profile
