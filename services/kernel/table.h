#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/machine.h"
#include "services/kernel/strings.h"

namespace trama {

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
    const auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : it->second.get();
  }

  // For a change: the row counts as changed from now on. Null when there is none.
  Row* Edit(std::string_view key) {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return nullptr;
    changed_.emplace(key);
    return it->second.get();
  }

  // The row, made if it was not there; counts as changed.
  Row& Put(std::string_view key) {
    auto [it, inserted] = rows_.try_emplace(std::string(key));
    if (inserted) it->second = std::make_unique<Row>();
    changed_.emplace(key);
    return *it->second;
  }

  void Erase(std::string_view key) {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return;
    rows_.erase(it);
    changed_.emplace(key);
  }

  // A row as read from the changelog: does not count as changed.
  absl::Status Load(std::string_view key, std::string_view value) {
    auto row = std::make_unique<Row>();
    if (!row->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return absl::DataLossError(absl::StrCat("row ", name_, "/", ToAbsl(key), " is not a ",
                                              Row::descriptor()->full_name()));
    }
    rows_.insert_or_assign(std::string(key), std::move(row));
    return absl::OkStatus();
  }

  void TakeChanges(std::vector<RowChange>& out) {
    for (const std::string& key : changed_) {
      const Row* row = Find(key);
      RowChange& change = out.emplace_back();
      change.key = absl::StrCat(name_, "/", key);
      if (row != nullptr) change.value = row->SerializeAsString();
    }
    changed_.clear();
  }

  // In key order: for (const auto& [key, row] : table) row->...
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::string name_;
  absl::btree_map<std::string, std::unique_ptr<Row>, std::less<>> rows_;
  std::set<std::string> changed_;
};

// Splits a changelog key "<table>/<key>".
inline std::pair<std::string_view, std::string_view> SplitRowKey(std::string_view key) {
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return {key, {}};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace trama
