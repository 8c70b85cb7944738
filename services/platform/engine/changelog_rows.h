#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/kernel/archive.h"
#include "services/kernel/machine.h"

namespace trama::platform {

// What a changelog comes to: the newest version of each row. A row keeps the place of its key's
// first version, so that rows which were written together lie together in memory.
//
// They lie in archives: a takeover must not need more memory than the machine does, most of whose
// rows rest, and goes on with the archive.
class ChangelogRows {
 public:
  struct Row {
    std::string_view key;
    std::optional<ArchivePlace> place;   // In the archive (ArchivedRow),
    std::unique_ptr<std::string> value;  // or this, when that did not take it.
    Row* next = nullptr;                 // Of those whose keys have the same hash.
    bool erased() const { return !place.has_value() && value == nullptr; }
  };
  struct Table {
    std::vector<const Row*> rows;  // Those that there are.
    std::shared_ptr<Archive> archive;
  };
  using Load = std::function<absl::Status(std::span<const RowBytes>)>;

  explicit ChangelogRows(MakeArchive make_archive)
      : make_archive_(std::move(make_archive)),
        keys_(std::make_unique<std::pmr::monotonic_buffer_resource>()) {}
  ChangelogRows(ChangelogRows&&) = default;
  ChangelogRows& operator=(ChangelogRows&&) = default;

  // The next record of the changelog.
  void Take(const std::string& key, const std::optional<std::string>& value);

  // Valid until the next Take.
  std::map<std::string_view, Table> Tables() const;

  // Gives the rows of one table to `load`, piece by piece. Different tables may be given by
  // different threads at once.
  static absl::Status Give(const Table& table, const Load& load);

 private:
  Archive& ArchiveOf(std::string_view table);
  // Made if it was not there.
  Row& RowOf(std::string_view key);

  MakeArchive make_archive_;
  std::map<std::string, std::shared_ptr<Archive>, std::less<>> archives_;  // By table.
  std::unique_ptr<std::pmr::monotonic_buffer_resource> keys_;  // Their bytes, one after the other.
  std::deque<Row> rows_;
  // By the hash of the key, so that the map grows without looking at keys.
  absl::flat_hash_map<size_t, Row*> by_hash_;
  std::string record_;  // Being put together: always the same, so that its memory is used again.
};

}  // namespace trama::platform
