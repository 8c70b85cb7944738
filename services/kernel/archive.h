#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trama {

// Where a record lies in an Archive: a number below 2^62, so that whoever keeps many of them has
// bits left to tell them from something else.
enum class ArchivePlace : uint64_t {};

// Holds what a machine does not need at hand, for example on a disk: a cache of the changelog,
// never the truth, and gone with its owner. What it gives back depends on nothing but what was put
// in.
//
// One thread at a time.
class Archive {
 public:
  virtual ~Archive() = default;

  // None when it cannot take the record (it is too long, the disk is full): whoever has it keeps
  // it.
  virtual std::optional<ArchivePlace> Append(std::string_view record) = 0;

  // `place` was given out and not released. The view is valid until the next call. What cannot be
  // read any more is fatal, as failing memory would be.
  virtual std::string_view Read(ArchivePlace place) = 0;

  // The record is not needed any more.
  virtual void Release(ArchivePlace place) = 0;
};

// Each owner makes its own.
using MakeArchive = std::function<std::unique_ptr<Archive>()>;

// How a row lies in an archive: the size of its key, its key in its table, its value.
struct ArchivedRow {
  std::string_view key;
  std::string_view value;
};
// Writes it over `record`, whose memory is used again.
void WriteArchivedRow(const ArchivedRow& row, std::string& record);
ArchivedRow ReadArchivedRow(std::string_view record);

// In memory: for tests, and where the outside shall not be touched.
class MemoryArchive : public Archive {
 public:
  std::optional<ArchivePlace> Append(std::string_view record) override;
  std::string_view Read(ArchivePlace place) override;
  void Release(ArchivePlace place) override;

  // Records that are not released.
  size_t size() const { return records_.size() - free_.size(); }

 private:
  std::vector<std::optional<std::string>> records_;  // By place.
  std::vector<ArchivePlace> free_;
};

inline std::unique_ptr<Archive> MakeMemoryArchive() { return std::make_unique<MemoryArchive>(); }

}  // namespace trama
