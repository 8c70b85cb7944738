#include "services/config/revision.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"
#include "services/kernel/strings.h"

namespace trama::config {
namespace {

constexpr char kResourceType[] = "trama.config.v1.Resource";
constexpr char kDeletedType[] = "trama.config.v1.Deleted";
constexpr char kClosedType[] = "trama.config.v1.RevisionClosed";

RevisionRecord MakeRecord(const Revision& revision, std::string key, const char* type) {
  RevisionRecord record;
  record.id = DerivedId(revision.command, key);
  record.key = std::move(key);
  record.type = type;
  return record;
}

RevisionRecord ResourceRecord(const Revision& revision, const v1::Resource& resource) {
  v1::ConfigRecord value;
  value.set_revision(revision.plan.revision);
  *value.mutable_resource() = resource;
  RevisionRecord record = MakeRecord(revision, IdOf(resource).Key(), kResourceType);
  record.value = value.SerializeAsString();
  return record;
}

v1::ConfigRecord Closing(const Revision& revision) {
  v1::ConfigRecord value;
  value.set_revision(revision.plan.revision);
  v1::RevisionClosed& closed = *value.mutable_closed();
  closed.set_author(revision.author);
  closed.mutable_applied_at()->set_seconds(absl::ToUnixSeconds(revision.at));
  closed.set_changed(static_cast<int32_t>(revision.plan.written.size()));
  closed.set_deleted(static_cast<int32_t>(revision.plan.deleted.size()));
  return value;
}

}  // namespace

absl::StatusOr<v1::ConfigRecord> ParseConfigRecord(std::string_view key, std::string_view value) {
  v1::ConfigRecord record;
  if (record.ParseFromArray(value.data(), static_cast<int>(value.size()))) return record;
  return absl::DataLossError(
      absl::StrCat("record ", ToAbsl(key), " is not a trama.config.v1.ConfigRecord"));
}

std::vector<RevisionRecord> ConfigRecords(const Revision& revision) {
  std::vector<RevisionRecord> records;
  for (const v1::Resource& resource : revision.plan.written) {
    records.push_back(ResourceRecord(revision, resource));
  }
  for (const ResourceId& id : revision.plan.deleted) {
    records.push_back(MakeRecord(revision, id.Key(), kDeletedType));
  }
  RevisionRecord closing = MakeRecord(revision, kClosingKey, kClosedType);
  closing.value = Closing(revision).SerializeAsString();
  records.push_back(std::move(closing));
  return records;
}

std::vector<RevisionRecord> HistoryRecords(const Revision& revision) {
  std::vector<RevisionRecord> records;
  for (const v1::Resource& resource : revision.plan.written) {
    records.push_back(ResourceRecord(revision, resource));
  }
  for (const ResourceId& id : revision.plan.deleted) {
    v1::ConfigRecord value;
    value.set_revision(revision.plan.revision);
    value.set_deleted(id.Key());
    records.push_back(MakeRecord(revision, id.Key(), kDeletedType));
    records.back().value = value.SerializeAsString();
  }
  v1::ConfigRecord closing = Closing(revision);
  closing.mutable_closed()->set_command(revision.command);
  closing.mutable_closed()->set_restored_revision(revision.plan.restored_revision);
  for (const v1::Change& change : revision.plan.changes) {
    *closing.mutable_closed()->add_changes() = change;
  }
  records.push_back(MakeRecord(revision, kClosingKey, kClosedType));
  records.back().value = closing.SerializeAsString();
  return records;
}

std::string CommandKey(const Caller& caller, std::string_view rpc, std::string_view command_id) {
  return DerivedId({"config", caller.workspace, caller.subject, rpc, command_id});
}

void CommandAnswers::Remember(const std::string& command, absl::Time at, CommandAnswer answer) {
  if (!answers_.emplace(command, std::move(answer)).second) return;
  by_age_.emplace(at, command);
}

absl::Status CommandAnswers::Take(std::string_view key, std::string_view value) {
  if (key != kClosingKey) return absl::OkStatus();
  absl::StatusOr<v1::ConfigRecord> record = ParseConfigRecord(key, value);
  if (!record.ok()) return record.status();
  const v1::RevisionClosed& closed = record->closed();
  if (closed.command().empty()) return absl::OkStatus();
  CommandAnswer answer{.revision = record->revision()};
  answer.changes.assign(closed.changes().begin(), closed.changes().end());
  Remember(closed.command(), absl::FromUnixSeconds(closed.applied_at().seconds()),
           std::move(answer));
  return absl::OkStatus();
}

const CommandAnswer* CommandAnswers::Find(const std::string& command) const {
  const auto it = answers_.find(command);
  return it == answers_.end() ? nullptr : &it->second;
}

void CommandAnswers::Expire(absl::Time now) {
  while (!by_age_.empty()) {
    const auto oldest = by_age_.begin();
    if (by_age_.size() <= kCommandsMax && oldest->first + kCommandsKept > now) break;
    answers_.erase(oldest->second);
    by_age_.erase(oldest);
  }
}

absl::Status RevisionReader::Take(std::string_view key, const std::optional<std::string>& value) {
  if (!value.has_value()) {
    if (const std::optional<ResourceId> id = ParseKey(key)) open_.Erase(*id);
    return absl::OkStatus();
  }
  absl::StatusOr<v1::ConfigRecord> record = ParseConfigRecord(key, *value);
  if (!record.ok()) return record.status();
  switch (record->record_case()) {
    case v1::ConfigRecord::kResource:
      open_.Put(std::move(*record->mutable_resource()));
      return absl::OkStatus();
    case v1::ConfigRecord::kClosed:
      open_.set_revision(record->revision());
      current_ = std::make_shared<const ConfigStore>(open_);
      return absl::OkStatus();
    default:
      return absl::OkStatus();  // Of a later release.
  }
}

}  // namespace trama::config
