#pragma once

#include <algorithm>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/machine.h"
#include "services/kernel/strings.h"

namespace trama {

// Splits a changelog key "<table>/<key>".
inline std::pair<std::string_view, std::string_view> SplitRowKey(std::string_view key) {
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return {key, {}};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

// The rows of one kind in a machine's memory, and which of them changed since they were last
// written. A row stays the Protobuf message that was read, so that fields which a newer release
// wrote survive a step back.
//
// Pointers and references to rows stay valid until that row is erased.
template <typename Row>
class Table {
 public:
  // `name` prefixes the rows' keys in the changelog; it may not contain '/'.
  explicit Table(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }

  const Row* Find(std::string_view key) const {
    const auto it = rows_.find(ToAbsl(key));
    return it == rows_.end() ? nullptr : it->second.row.get();
  }

  // For a change: the row counts as changed from now on. Null when there is none.
  Row* Edit(std::string_view key) {
    const auto it = rows_.find(ToAbsl(key));
    if (it == rows_.end()) return nullptr;
    Note(it->first, it->second);
    return it->second.row.get();
  }

  // The row, made if it was not there; counts as changed.
  Row& Put(std::string_view key) {
    auto it = rows_.find(ToAbsl(key));
    if (it == rows_.end()) {
      it = rows_.emplace(std::string(key), Kept(std::make_unique<Row>())).first;
    }
    Note(it->first, it->second);
    return *it->second.row;
  }

  void Erase(std::string_view key) {
    const auto it = rows_.find(ToAbsl(key));
    if (it == rows_.end()) return;
    Note(it->first, it->second);
    rows_.erase(it);
  }

  // A row as read from the changelog: does not count as changed.
  absl::StatusOr<Row*> Load(std::string_view key, std::string_view value) {
    auto row = std::make_unique<Row>();
    if (absl::Status parsed = Parse(key, value, *row); !parsed.ok()) return parsed;
    return Keep(key, std::move(row));
  }

  // The same for many rows with the whole keys of the changelog, in their order. What takes long,
  // to parse them, several threads do at once.
  absl::StatusOr<std::vector<Row*>> LoadAll(std::span<const RowBytes> rows) {
    std::vector<std::unique_ptr<Row>> parsed(rows.size());
    const auto parse = [&](size_t from, size_t to) {
      absl::Status status;
      for (size_t i = from; i < to && status.ok(); ++i) {
        parsed[i] = std::make_unique<Row>();
        status = Parse(SplitRowKey(rows[i].key).second, rows[i].value, *parsed[i]);
      }
      return status;
    };
    const size_t each = rows.size() / kParsersMax + 1;
    std::vector<std::future<absl::Status>> parsing;
    for (size_t from = 0; from < rows.size(); from += each) {
      parsing.push_back(
          std::async(each < kParserRowsMin ? std::launch::deferred : std::launch::async, parse,
                     from, std::min(from + each, rows.size())));
    }
    absl::Status first_error;
    for (std::future<absl::Status>& part : parsing) first_error.Update(part.get());
    if (!first_error.ok()) return first_error;

    rows_.reserve(rows_.size() + rows.size());
    std::vector<Row*> loaded;
    loaded.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      loaded.push_back(Keep(SplitRowKey(rows[i].key).second, std::move(parsed[i])));
    }
    return loaded;
  }

  // Appends the changes, each key once, in key order.
  void TakeChanges(std::vector<RowChange>& out) {
    std::sort(changed_.begin(), changed_.end());
    // A row that was erased and made again was noted twice.
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    out.reserve(out.size() + changed_.size());
    for (const std::string& key : changed_) {
      RowChange& change = out.emplace_back();
      change.key = absl::StrCat(name_, "/", key);
      const auto it = rows_.find(ToAbsl(key));
      if (it == rows_.end()) continue;
      it->second.changed = false;
      change.value = it->second.row->SerializeAsString();
    }
    changed_.clear();
  }

  // visit(key, row), in an order that differs from run to run: only for what comes to the same
  // whatever the order is.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [key, kept] : rows_) visit(key, std::as_const(*kept.row));
  }

  // for (const auto& [key, row] : table.InKeyOrder()) row->...; valid until a row is made or
  // erased.
  std::vector<std::pair<std::string_view, Row*>> InKeyOrder() const {
    std::vector<std::pair<std::string_view, Row*>> ordered;
    ordered.reserve(rows_.size());
    for (const auto& [key, kept] : rows_) ordered.emplace_back(key, kept.row.get());
    std::sort(ordered.begin(), ordered.end());
    return ordered;
  }

 private:
  struct Kept {
    explicit Kept(std::unique_ptr<Row> row_in) : row(std::move(row_in)) {}
    std::unique_ptr<Row> row;
    bool changed = false;  // Noted since the last TakeChanges.
  };

  // Threads that parse the rows of one table, and from how many rows on one is worth it.
  static constexpr size_t kParsersMax = 2;
  static constexpr size_t kParserRowsMin = 2000;

  absl::Status Parse(std::string_view key, std::string_view value, Row& row) const {
    if (row.ParseFromArray(value.data(), static_cast<int>(value.size()))) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("row ", name_, "/", ToAbsl(key), " is not a ",
                                            Row::descriptor()->full_name()));
  }

  Row* Keep(std::string_view key, std::unique_ptr<Row> row) {
    Row* const kept = row.get();
    rows_.insert_or_assign(std::string(key), Kept(std::move(row)));
    return kept;
  }

  void Note(const std::string& key, Kept& kept) {
    if (!std::exchange(kept.changed, true)) changed_.push_back(key);
  }

  std::string name_;
  // Only looked up; whoever goes through all of them gets them sorted. (An ordered map of so many
  // long keys takes several times as long.)
  absl::flat_hash_map<std::string, Kept> rows_;
  std::vector<std::string> changed_;
};

}  // namespace trama
