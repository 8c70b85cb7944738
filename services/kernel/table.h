#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/archive.h"
#include "services/kernel/check.h"
#include "services/kernel/key_hash.h"
#include "services/kernel/machine.h"
#include "services/kernel/strings.h"

namespace trama {

// Splits a changelog key "<table>/<key>".
inline std::pair<std::string_view, std::string_view> SplitRowKey(std::string_view key) {
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return {key, {}};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

// Where a row goes that is read from the changelog.
enum class LoadedTo {
  kMemory,
  kRest,
  // To rest, but only until somebody looks for it, as it is one of those at hand: a takeover with
  // many such rows is done before the memory for them is.
  kRestUntilAsked,
};

// The rows of one kind in a machine's memory, and which of them changed since they were last
// written. A row stays the Protobuf message that was read, so that fields which a newer release
// wrote survive a step back.
//
// With an archive, rows can go to rest: once written they leave memory, all but 16 bytes, and come
// back when somebody looks for them. That changes nothing of what the table says.
//
// Pointers and references to rows stay valid until that row is erased or goes to rest; it goes to
// rest in TakeChanges only.
template <typename Row>
class Table {
 public:
  // `name` prefixes the rows' keys in the changelog; it may not contain '/'.
  explicit Table(std::string name, std::shared_ptr<Archive> archive = nullptr)
      : name_(std::move(name)), archive_(std::move(archive)) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table() {
    for (const auto& [hash, slot] : slots_) delete slot.kept();
  }

  const std::string& name() const { return name_; }
  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }

  bool Has(std::string_view key) const { return Seek(key) != slots_.end(); }

  const Row* Find(std::string_view key) const {
    const auto it = Seek(key);
    return it == slots_.end() ? nullptr : &Wake(it).row;
  }

  // For a change: the row counts as changed from now on. Null when there is none.
  Row* Edit(std::string_view key) {
    const auto it = Seek(key);
    if (it == slots_.end()) return nullptr;
    Kept& kept = Wake(it);
    Note(kept);
    return &kept.row;
  }

  // The row, made if it was not there; counts as changed.
  Row& Put(std::string_view key) {
    const uint64_t hash = KeyHash(key);
    auto it = Seek(hash, key);
    if (it == slots_.end()) it = slots_.emplace(hash, Slot(std::make_unique<Kept>(key)));
    Kept& kept = Wake(it);
    Note(kept);
    return kept.row;
  }

  void Erase(std::string_view key) {
    const auto it = Seek(key);
    if (it == slots_.end()) return;
    const std::unique_ptr<Kept> kept(&Wake(it));
    Note(*kept);
    slots_.erase(it);
  }

  // The key of a row whose KeyHash is `hash` and of which `wanted(key, row)` says so; null when
  // there is none. Mostly there is one such row at most.
  template <typename Wanted>
  const std::string* FindKey(uint64_t hash, Wanted wanted) const {
    for (auto it = slots_.lower_bound(hash); it != slots_.end() && it->first == hash; ++it) {
      const Kept& kept = Wake(it);
      if (wanted(kept.key, kept.row)) return &kept.key;
    }
    return nullptr;
  }

  // Before LoadAll, in place of its own archive: the one in which the rows lie that come now.
  void TakeArchive(std::shared_ptr<Archive> archive) {
    if (archive_ == nullptr) return;
    TRAMA_CHECK(slots_.empty());
    archive_ = std::move(archive);
    is_taken_ = true;
  }

  // A row as read from the changelog: does not count as changed.
  absl::StatusOr<Row*> Load(std::string_view key, std::string_view value) {
    auto kept = std::make_unique<Kept>(key);
    if (absl::Status parsed = ParseInto(key, value, *kept); !parsed.ok()) return parsed;
    Row* const row = &kept->row;
    Keep(KeyHash(key), key, Slot(std::move(kept)));
    return row;
  }

  // The same for many rows with the whole keys of the changelog, in their order. `where(key, row)`
  // says for each where it goes; without an archive all stay in memory. Then
  // visit(hash, key, row, where) is told of it; the references stay valid when it is kMemory.
  template <typename Where, typename Visit>
  absl::Status LoadAll(std::span<const RowBytes> rows, Where where, Visit visit) {
    // Those that rest are all read into the same message, whose memory is used again.
    std::unique_ptr<Kept> kept;
    for (const RowBytes& bytes : rows) {
      const std::string_view key = SplitRowKey(bytes.key).second;
      if (kept == nullptr) kept = std::make_unique<Kept>(key);
      if (absl::Status parsed = ParseInto(key, bytes.value, *kept); !parsed.ok()) return parsed;
      const LoadedTo to =
          archive_ == nullptr ? LoadedTo::kMemory : where(std::as_const(kept->key), kept->row);
      const uint64_t hash = KeyHash(key);
      visit(hash, std::as_const(kept->key), kept->row, to);
      std::optional<ArchivePlace> place;
      if (is_taken_ && bytes.place.has_value()) place = *bytes.place;
      if (!place.has_value() && to != LoadedTo::kMemory) {
        place = archive_->Append(Record(key, bytes.value));
      }
      // What the archive does not take stays in memory, too.
      if (place.has_value() && to != LoadedTo::kMemory) {
        Keep(hash, key, Slot(*place, to == LoadedTo::kRestUntilAsked));
      } else {
        kept->place = place;
        Keep(hash, key, Slot(std::move(kept)));
      }
    }
    return absl::OkStatus();
  }

  // Nobody has a pointer to the row any more: the next TakeChanges looks at it.
  void Leave(const std::string& key) {
    if (archive_ != nullptr) looked_for_.push_back(key);
  }

  // Appends the changes, each key once, in key order. Then those rows go to rest that changed or
  // were looked for since the last call and of which `rests(key, row)` says so.
  template <typename Rests>
  void TakeChanges(std::vector<RowChange>& out, Rests rests) {
    std::sort(changed_.begin(), changed_.end());
    // A row that was erased and made again was noted twice.
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    out.reserve(out.size() + changed_.size());
    for (const std::string& key : changed_) {
      RowChange& change = out.emplace_back();
      change.key = absl::StrCat(name_, "/", key);
      const auto it = Seek(key);
      if (it == slots_.end()) continue;
      Kept& kept = Wake(it);
      kept.changed = false;
      change.value = kept.row.SerializeAsString();
      if (archive_ != nullptr && rests(std::as_const(kept.key), kept.row)) {
        PutToRest(it, *change.value);
      }
    }
    changed_.clear();
    for (const std::string& key : std::exchange(looked_for_, {})) {
      const auto it = Seek(key);
      const Kept* const kept = it == slots_.end() ? nullptr : it->second.kept();
      if (kept == nullptr || !rests(kept->key, kept->row)) continue;
      PutToRest(it, kept->place.has_value() ? "" : kept->row.SerializeAsString());
    }
  }
  void TakeChanges(std::vector<RowChange>& out) {
    TakeChanges(out, [](const auto&...) { return true; });
  }

  // visit(key, row) for each row, where it lies; the references are valid during the call only.
  template <typename Visit>
  void ForEach(Visit visit) const {
    ForEachFrom(0, /*at_rest_too=*/true, [&](uint64_t, const std::string& key, const Row& row) {
      visit(key, row);
      return true;
    });
  }

  // The same in the order of the KeyHashes, from `hash` on, while visit(hash, key, row) says true.
  // What rests until it is asked for is always among them, and goes on to rest.
  template <typename Visit>
  void ForEachFrom(uint64_t hash, bool at_rest_too, Visit visit) const {
    Kept scratch("");
    for (auto it = slots_.lower_bound(hash); it != slots_.end(); ++it) {
      const Kept* kept = it->second.kept();
      if (kept == nullptr) {
        if (!at_rest_too && !it->second.until_asked()) continue;
        Read(it->second.place(), scratch);
        kept = &scratch;
      }
      if (!visit(it->first, kept->key, kept->row)) return;
    }
  }

  // for (const auto& [key, row] : table.InKeyOrder()) row->...; valid until a row is made or
  // erased. All of them come into memory.
  std::vector<std::pair<std::string_view, Row*>> InKeyOrder() const {
    std::vector<std::pair<std::string_view, Row*>> ordered;
    ordered.reserve(slots_.size());
    for (auto it = slots_.begin(); it != slots_.end(); ++it) {
      Kept& kept = Wake(it);
      ordered.emplace_back(kept.key, &kept.row);
    }
    std::sort(ordered.begin(), ordered.end());
    return ordered;
  }

  // How many rows are at rest; looks at all.
  size_t CountAtRest() const {
    return static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), [](const auto& slot) {
      return slot.second.kept() == nullptr;
    }));
  }

 private:
  struct Kept {
    explicit Kept(std::string_view key_in) : key(key_in) {}
    std::string key;
    Row row;
    bool changed = false;               // Noted since the last TakeChanges.
    std::optional<ArchivePlace> place;  // Where it rested, while that is what it says.
  };

  // Where a row is: in memory (the slot owns it, and the table deletes it) or at rest.
  class Slot {
   public:
    explicit Slot(std::unique_ptr<Kept> kept)
        : bits_(reinterpret_cast<uintptr_t>(kept.release())) {}
    explicit Slot(ArchivePlace place, bool until_asked = false)
        : bits_(static_cast<uint64_t>(place) << 2 | (until_asked ? 2 : 0) | 1) {}

    Kept* kept() const { return (bits_ & 1) == 0 ? reinterpret_cast<Kept*>(bits_) : nullptr; }
    ArchivePlace place() const { return ArchivePlace{bits_ >> 2}; }
    bool until_asked() const { return (bits_ & 3) == 3; }

   private:
    uint64_t bits_;
  };
  // By KeyHash; keys of one hash stand side by side. Of these there are far more than rows in
  // memory, so they are small, and grow without ever being there twice.
  using Slots = absl::btree_multimap<uint64_t, Slot>;

  typename Slots::iterator Seek(std::string_view key) const { return Seek(KeyHash(key), key); }

  typename Slots::iterator Seek(uint64_t hash, std::string_view key) const {
    const auto it = FirstFrom(hash, key);
    return IsOf(it, hash) ? it : slots_.end();
  }

  // Where the row is, or before which one it would stand.
  typename Slots::iterator FirstFrom(uint64_t hash, std::string_view key) const {
    auto it = slots_.lower_bound(hash);
    while (IsOf(it, hash) && KeyAt(it->second) != key) ++it;
    return it;
  }

  bool IsOf(const typename Slots::iterator& it, uint64_t hash) const {
    return it != slots_.end() && it->first == hash;
  }

  // Valid until the archive is asked again.
  std::string_view KeyAt(const Slot& slot) const {
    const Kept* const kept = slot.kept();
    return kept != nullptr ? kept->key : ReadArchivedRow(archive_->Read(slot.place())).key;
  }

  Kept& Wake(typename Slots::iterator it) const {
    if (Kept* const kept = it->second.kept()) return *kept;
    auto kept = std::make_unique<Kept>("");
    Read(it->second.place(), *kept);
    kept->place = it->second.place();
    looked_for_.push_back(kept->key);
    it->second = Slot(std::move(kept));
    return *it->second.kept();
  }

  void Read(ArchivePlace place, Kept& kept) const {
    const ArchivedRow record = ReadArchivedRow(archive_->Read(place));
    kept.key = record.key;
    TRAMA_CHECK(
        kept.row.ParseFromArray(record.value.data(), static_cast<int>(record.value.size())));
  }

  // Its bytes are `value`. What the archive does not take stays in memory, until somebody looks for
  // it again.
  void PutToRest(typename Slots::iterator it, std::string_view value) {
    Kept& kept = *it->second.kept();
    if (!kept.place.has_value()) kept.place = archive_->Append(Record(kept.key, value));
    if (!kept.place.has_value()) return;
    it->second = Slot(*kept.place);
    delete &kept;
  }

  std::string_view Record(std::string_view key, std::string_view value) {
    WriteArchivedRow({key, value}, record_);
    return record_;
  }

  absl::Status ParseInto(std::string_view key, std::string_view value, Kept& kept) const {
    kept.key = key;
    if (kept.row.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat("row ", name_, "/", ToAbsl(key), " is not a ",
                                            Row::descriptor()->full_name()));
  }

  // In place of the row of that key, if there was one.
  void Keep(uint64_t hash, std::string_view key, Slot slot) {
    const auto it = FirstFrom(hash, key);
    if (!IsOf(it, hash)) {
      slots_.emplace_hint(it, hash, slot);
      return;
    }
    const std::unique_ptr<Kept> before(&Wake(it));
    if (before->place.has_value()) archive_->Release(*before->place);
    it->second = slot;
  }

  void Note(Kept& kept) {
    if (!std::exchange(kept.changed, true)) changed_.push_back(kept.key);
    if (kept.place.has_value()) archive_->Release(*std::exchange(kept.place, std::nullopt));
  }

  const std::string name_;
  std::shared_ptr<Archive> archive_;  // Null: all rows stay in memory.
  bool is_taken_ = false;             // It is the one in which loaded rows lay already.
  // To look for a row moves it, and changes nothing of what the table says.
  mutable Slots slots_;
  mutable std::vector<std::string> looked_for_;  // Have come back; TakeChanges looks at them.
  std::vector<std::string> changed_;
  std::string record_;  // Being put together: always the same, so that its memory is used again.
};

}  // namespace trama
