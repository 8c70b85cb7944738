#include "services/platform/engine/changelog_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "services/kernel/table.h"

namespace trama::platform {
namespace {

constexpr size_t kRowsAtOnce = 8192;

// The values in `bytes`, the rows in `out`.
void Read(std::span<const ChangelogRows::Row* const> rows, Archive& archive, std::string& bytes,
          std::vector<RowBytes>& out) {
  // In the order of their places: to go back and forth in a file for the rows that were written
  // again took a read of the system for each.
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return rows[a]->place < rows[b]->place; });
  bytes.clear();
  std::vector<size_t> begins(rows.size());
  std::vector<size_t> sizes(rows.size());
  for (const size_t i : order) {
    const ChangelogRows::Row& row = *rows[i];
    begins[i] = bytes.size();
    bytes.append(row.place.has_value() ? ReadArchivedRow(archive.Read(*row.place)).value
                                       : std::string_view(*row.value));
    sizes[i] = bytes.size() - begins[i];
  }
  out.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    out.push_back(
        {rows[i]->key, std::string_view(bytes).substr(begins[i], sizes[i]), rows[i]->place});
  }
}

}  // namespace

Archive& ChangelogRows::ArchiveOf(std::string_view table) {
  auto it = archives_.find(table);
  if (it == archives_.end()) it = archives_.emplace(std::string(table), make_archive_()).first;
  return *it->second;
}

ChangelogRows::Row& ChangelogRows::RowOf(std::string_view key) {
  Row*& first = by_hash_[std::hash<std::string_view>()(key)];
  for (Row* row = first; row != nullptr; row = row->next) {
    if (row->key == key) return *row;
  }
  char* const bytes = static_cast<char*>(keys_->allocate(key.size(), 1));
  std::copy(key.begin(), key.end(), bytes);
  rows_.push_back({.key = {bytes, key.size()}, .next = first});
  return *(first = &rows_.back());
}

void ChangelogRows::Take(const std::string& key, const std::optional<std::string>& value) {
  Row& row = RowOf(key);
  const auto [table, key_in_table] = SplitRowKey(key);
  Archive& archive = ArchiveOf(table);
  if (row.place.has_value()) archive.Release(*std::exchange(row.place, std::nullopt));
  row.value.reset();
  if (!value.has_value()) return;
  WriteArchivedRow({key_in_table, *value}, record_);
  row.place = archive.Append(record_);
  if (!row.place.has_value()) row.value = std::make_unique<std::string>(*value);
}

std::map<std::string_view, ChangelogRows::Table> ChangelogRows::Tables() const {
  std::map<std::string_view, Table> tables;
  for (const Row& row : rows_) {
    if (row.erased()) continue;
    const std::string_view name = SplitRowKey(row.key).first;
    Table& table = tables[name];
    if (table.archive == nullptr) table.archive = archives_.find(name)->second;
    table.rows.push_back(&row);
  }
  return tables;
}

absl::Status ChangelogRows::Give(const Table& table, const Load& load) {
  std::string bytes;
  std::vector<RowBytes> piece;
  const std::span<const Row* const> rows = table.rows;
  for (size_t from = 0; from < rows.size(); from += kRowsAtOnce) {
    Read(rows.subspan(from, std::min(kRowsAtOnce, rows.size() - from)), *table.archive, bytes,
         piece);
    if (absl::Status loaded = load(piece); !loaded.ok()) return loaded;
  }
  return absl::OkStatus();
}

}  // namespace trama::platform
