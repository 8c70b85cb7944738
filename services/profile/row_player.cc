#include "services/profile/row_player.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/base/log.h"
#include "services/profile/redis_batch.h"
#include "services/profile/redis_layout.h"
#include "services/profile/redis_scripts.h"
#include "services/profile/shard_calls.h"

namespace trama::profile {
namespace {

using platform::Record;
using platform::RedisReply;
using v1::TimelineEntry;

constexpr size_t kRecordsMax = 1000;
constexpr absl::Duration kRowsWait = absl::Milliseconds(500);
constexpr absl::Duration kEndsWait = absl::Seconds(10);
constexpr char kAnyMarker[] = "";
constexpr absl::Duration kPutWait = absl::Seconds(30);

// The row of a record; none when it is not one.
std::optional<v1::ProfileRow> RowOf(const Record& record) {
  v1::ProfileRow row;
  if (!row.ParseFromString(*record.value) || row.row_id() != record.key) return std::nullopt;
  return row;
}

bool FitsItsKey(const RowKey& key, const v1::ProfileRow& row) {
  switch (key.type) {
    case RowType::kIdentifier:
      return row.has_identifier();
    case RowType::kAttributes:
      return row.has_attributes();
    case RowType::kLink:
      return row.has_link();
    case RowType::kEntry:
      return row.has_entry() && row.entry().entry_id() == key.entry_id;
  }
  return false;
}

// Whose the message and the conversation of an entry are.
void AddOwners(const RowKey& key, const TimelineEntry& entry, RedisBatch& batch) {
  const std::string owner = PackOwner({key.owner, entry.identifier()});
  // These were attributed to the conversation's owner: what they say counts.
  const bool of_conversation =
      entry.kind() == TimelineEntry::KIND_CONVERSATION || entry.kind() == TimelineEntry::KIND_SLA;
  if (!entry.conversation_id().empty()) {
    platform::RedisCommand command = {"SET", WhoseKey({key.workspace, entry.conversation_id()}),
                                      owner};
    if (!of_conversation) command.push_back("NX");
    batch.AddCommand(std::move(command));
  }
  if (!of_conversation && entry.kind() != TimelineEntry::KIND_LINK) {
    batch.AddCommand({"SET", WhoseKey({key.workspace, entry.source_id()}), owner});
  }
}

absl::Status FinishAll(RedisBatch& batch) {
  absl::Status failed;
  for (const absl::StatusOr<RedisReply>& reply : batch.Finish()) failed.Update(reply.status());
  return failed;
}

}  // namespace

RowPlayer::RowPlayer(const platform::KafkaConfig& kafka, std::string topic, int32_t partitions,
                     RowStore& store, platform::Metrics& metrics)
    : kafka_(kafka),
      topic_(std::move(topic)),
      partitions_(partitions),
      store_(store),
      rows_(metrics.Counter("trama_profile_restored_rows_total",
                            "Rows played from the topic of profile into Redis.")),
      unreadable_(metrics.Counter("trama_profile_unreadable_rows_total",
                                  "Records of the topic of profile that are no rows.")) {}

absl::StatusOr<int64_t> RowPlayer::Play(const std::function<bool()>& keep_on) {
  auto consumer = platform::Consumer::Create(kafka_);
  if (!consumer.ok()) return consumer.status();
  std::vector<platform::TopicPartitionOffset> starts;
  std::vector<platform::TopicPartition> places;
  for (int32_t partition = 0; partition < partitions_; ++partition) {
    starts.push_back({topic_, partition, platform::kOffsetBeginning});
    places.push_back({topic_, partition});
  }
  if (absl::Status assigned = (*consumer)->Assign(starts); !assigned.ok()) return assigned;
  auto ends = (*consumer)->Ends(places, kEndsWait);
  if (!ends.ok()) return ends.status();

  int64_t count = 0;
  while (true) {
    std::erase_if(*ends, [&](const platform::TopicPartitionOffset& end) {
      return (*consumer)->Position({end.topic, end.partition}) >= end.offset;
    });
    if (ends->empty()) return count;
    if (!keep_on()) return absl::CancelledError("the process ends");
    const absl::StatusOr<platform::RecordBatch> batch = (*consumer)->Poll(kRowsWait, kRecordsMax);
    if (!batch.ok()) return batch.status();
    if (absl::Status put = Put(batch->records); !put.ok()) return put;
    count += static_cast<int64_t>(batch->records.size());
    rows_->Increment(static_cast<double>(batch->records.size()));
  }
}

absl::Status RowPlayer::Put(const std::vector<Record>& records) {
  RedisBatch batch(store_.redis(), kPutWait);
  const auto new_puts = [] { return ShardCalls::ToPut(kAnyMarker, NewPutName()); };
  ShardCalls puts = new_puts();
  const auto finish = [&] {
    std::exchange(puts, new_puts()).Send(PutRowsScript(), batch);
    return FinishAll(batch);
  };
  for (const Record& record : records) {
    const absl::StatusOr<RowKey> key = ParseRowId(record.key);
    if (key.ok() && !record.value.has_value()) {
      // Behind everything that was put before it.
      if (absl::Status put = finish(); !put.ok()) return put;
      if (absl::Status erased = Erase(*key); !erased.ok()) return erased;
      continue;
    }
    const std::optional<v1::ProfileRow> row =
        key.ok() ? RowOf(record) : std::optional<v1::ProfileRow>();
    if (!row.has_value() || !FitsItsKey(*key, *row)) {
      unreadable_->Increment();
      platform::Log(platform::LogLevel::kError, "no row of profile", {{"place", Place(record)}});
      continue;
    }
    puts.AddPut({.key = *key, .row = &*row, .bytes = *record.value});
    if (row->has_entry()) AddOwners(*key, row->entry(), batch);
  }
  return finish();
}

absl::Status RowPlayer::Erase(const RowKey& key) {
  const RowSlot slot = SlotOf(key);
  const absl::StatusOr<RedisReply> packed =
      store_.redis().CallBlocking({"HGET", slot.hash, slot.field}, kPutWait);
  if (!packed.ok()) return packed.status();
  if (packed->is_nil()) return absl::OkStatus();
  const absl::StatusOr<v1::ProfileRow> row = UnpackRow(packed->text);
  if (!row.ok()) return row.status();
  RedisBatch batch(store_.redis(), kPutWait);
  EraseCall call = MakeErase(key, *row);
  batch.AddScript(*call.script, std::move(call.keys), std::move(call.args));
  if (row->has_entry()) {
    batch.AddCommand({"DEL", WhoseKey({key.workspace, row->entry().source_id()})});
  }
  return FinishAll(batch);
}

}  // namespace trama::profile
