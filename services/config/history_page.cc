#include "services/config/history_page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/suggestion.h"

namespace trama::config {
namespace {

std::string TenantOf(const v1::Change& change) {
  return change.workspace().empty() ? change.name() : change.workspace();
}

}  // namespace

absl::StatusOr<HistoryPage> HistoryPage::For(const v1::HistoryRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kHistoryPageMax) {
    return InvalidField("page_size", absl::StrCat(request.page_size()),
                        absl::StrCat("must lie between 0 and ", kHistoryPageMax));
  }
  const std::string& kind = request.resource().kind();
  if (request.has_resource() && SpecField(kind) == nullptr) {
    return InvalidField("resource.kind", kind,
                        absl::StrCat("is not a kind", DidYouMean(kind, Kinds())));
  }
  HistoryPage page;
  if (!request.page_token().empty() &&
      (!absl::SimpleAtoi(request.page_token(), &page.before_) || page.before_ < 0)) {
    return InvalidField("page_token", "", "is not one that History has given");
  }
  page.workspace_ = request.workspace();
  page.resource_ = request.resource();
  page.page_size_ =
      static_cast<size_t>(request.page_size() == 0 ? kHistoryPageDefault : request.page_size());
  return page;
}

HistorySpan HistoryPage::Choose(const HistorySpan& whole) {
  whole_ = whole;
  chosen_.end = std::clamp(before_, whole.begin, whole.end);
  chosen_.begin = std::max(whole.begin, chosen_.end - kHistoryOffsetsPerCall);
  return chosen_;
}

bool HistoryPage::Wants(const v1::Change& change) const {
  if (change.action() == v1::Change::ACTION_UNCHANGED) return false;
  if (!workspace_.empty() && TenantOf(change) != workspace_) return false;
  if (resource_.kind().empty()) return true;
  if (change.kind() != resource_.kind()) return false;
  return resource_.name().empty() ||
         (change.name() == resource_.name() && change.workspace() == resource_.workspace());
}

absl::Status HistoryPage::Take(const HistoryRecord& record) {
  if (record.key != kClosingKey) return absl::OkStatus();
  absl::StatusOr<v1::ConfigRecord> read = ParseConfigRecord(record.key, record.value);
  if (!read.ok()) return read.status();
  const v1::RevisionClosed& closed = read->closed();
  Line line{.offset = record.offset};
  v1::RevisionSummary& summary = line.summary;
  for (const v1::Change& change : closed.changes()) {
    if (!Wants(change)) continue;
    summary.set_changes_count(summary.changes_count() + 1);
    if (summary.changes_size() < kHistoryChangesMax) *summary.add_changes() = change;
  }
  if (summary.changes_count() == 0) return absl::OkStatus();
  summary.set_revision(read->revision());
  summary.set_author(closed.author());
  *summary.mutable_applied_at() = closed.applied_at();
  summary.set_restored_revision(closed.restored_revision());
  newest_.push_back(std::move(line));
  if (newest_.size() > page_size_) {
    newest_.pop_front();
    left_out_ = true;
  }
  return absl::OkStatus();
}

v1::HistoryResponse HistoryPage::Finish() && {
  v1::HistoryResponse response;
  const int64_t next = left_out_ ? newest_.front().offset : chosen_.begin;
  if (left_out_ || chosen_.begin > whole_.begin) response.set_next_page_token(absl::StrCat(next));
  for (auto line = newest_.rbegin(); line != newest_.rend(); ++line) {
    *response.add_revisions() = std::move(line->summary);
  }
  return response;
}

absl::StatusOr<bool> RevisionReplay::Take(const HistoryRecord& record) {
  absl::StatusOr<v1::ConfigRecord> read = ParseConfigRecord(record.key, record.value);
  if (!read.ok()) return read.status();
  if (read->revision() > revision_) return false;
  switch (read->record_case()) {
    case v1::ConfigRecord::kResource:
      store_.Put(std::move(*read->mutable_resource()));
      break;
    case v1::ConfigRecord::kDeleted:
      if (const std::optional<ResourceId> id = ParseKey(read->deleted())) store_.Erase(*id);
      break;
    case v1::ConfigRecord::kClosed:
      store_.set_revision(read->revision());
      found_ = read->revision() == revision_;
      return !found_;
    default:
      break;  // Of a later release.
  }
  return true;
}

absl::StatusOr<ConfigStore> RevisionReplay::Finish() && {
  if (found_) return std::move(store_);
  return TypedError(absl::StatusCode::kNotFound, "UNKNOWN_REVISION",
                    absl::StrCat("there is no revision ", revision_, "; the newest is ",
                                 store_.revision(), ", see the history"));
}

}  // namespace trama::config
