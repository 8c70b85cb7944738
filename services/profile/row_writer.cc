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
  record.value = DeterministicBytes(row);
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

  const absl::StatusOr<bool> put = store_.Put(rows.Changed());
  if (!put.ok()) return put.status();
  if (!*put) return Outcome::kOnceMore;
  // Only now: whose owner is known has its entry in Redis.
  if (absl::Status known = store_.TellOwners(told); !known.ok()) return known;

  const std::vector<RowSet::Change> touched = rows.Touched();
  if (absl::Status appended = Append(touched); !appended.ok()) return appended;
  std::vector<RowKey> written;
  for (const RowSet::Change& change : touched) written.push_back(change.key);
  const absl::StatusOr<std::vector<int64_t>> versions = store_.Versions(written);
  if (!versions.ok()) return versions.status();
  for (size_t i = 0; i < touched.size(); ++i) {
    if ((*versions)[i] != touched[i].row->version()) return Outcome::kOnceMore;
  }
  return Outcome::kDone;
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
