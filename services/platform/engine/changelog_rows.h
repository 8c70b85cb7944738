#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/kernel/table.h"

namespace trama::platform {

// What a changelog comes to: the newest version of each row. A row keeps the place of its key's
// first version, so that rows which were written together lie together in memory.
class ChangelogRows {
 public:
  struct Row {
    std::string key;
    std::optional<std::string> value;  // None: erased.
  };
  using Table = std::vector<const Row*>;

  ChangelogRows() = default;
  ChangelogRows(ChangelogRows&&) = default;
  ChangelogRows& operator=(ChangelogRows&&) = default;

  // The next record of the changelog.
  void Take(const std::string& key, const std::optional<std::string>& value) {
    rows_.push_back({key, value});
    const auto [it, is_new] = by_key_.try_emplace(rows_.back().key, &rows_.back());
    if (is_new) return;
    it->second->value = std::move(rows_.back().value);
    rows_.pop_back();
  }

  // The rows that there are, by table; valid until the next Take.
  std::map<std::string_view, Table> Tables() const {
    std::map<std::string_view, Table> tables;
    for (const Row& row : rows_) {
      if (row.value.has_value()) tables[SplitRowKey(row.key).first].push_back(&row);
    }
    return tables;
  }

 private:
  std::deque<Row> rows_;
  absl::flat_hash_map<std::string_view, Row*> by_key_;
};

}  // namespace trama::platform
