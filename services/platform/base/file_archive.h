#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/kernel/archive.h"

namespace trama::platform {

// An archive in temporary files, which have no names any more as soon as they are open: they end
// with the process, however that ends. A file is closed when nothing in it is needed any more.
//
// Read and written by calls, never mapped: mapped pages would count as memory of the process.
class FileArchive : public Archive {
 public:
  static constexpr size_t kRecordBytesMax = (1 << 20) - 1;

  struct Sizes {
    size_t file_bytes = 16 << 20;    // At most that.
    size_t buffer_bytes = 16 << 10;  // So that not each record is a call of the system.
  };

  // The first file is made with the first record.
  explicit FileArchive(std::string folder) : FileArchive(std::move(folder), Sizes()) {}
  FileArchive(std::string folder, Sizes sizes);
  ~FileArchive() override;
  FileArchive(const FileArchive&) = delete;
  FileArchive& operator=(const FileArchive&) = delete;

  std::optional<ArchivePlace> Append(std::string_view record) override;
  std::string_view Read(ArchivePlace place) override;
  void Release(ArchivePlace place) override;

  size_t file_count() const { return files_.size(); }

 private:
  struct File {
    int descriptor = -1;
    uint64_t records = 0;  // That are not released.
  };
  struct Spot {
    uint64_t file = 0;
    size_t offset = 0;
    size_t size = 0;

    static Spot Of(ArchivePlace place);
    ArchivePlace place() const;
  };

  bool HasRoomFor(size_t bytes);
  bool Flush();
  bool BeginFile();
  // The bytes of `spot` are then in read_, and what follows them, too, when it is likely to be
  // next.
  void Fetch(const Spot& spot);
  // Says that records stay in memory, or that they do not any more.
  void NoteWriting(bool works, const char* what);
  [[noreturn]] void Die(const Spot& spot, const std::string& why) const;

  const std::string folder_;
  const Sizes sizes_;
  std::map<uint64_t, File> files_;  // By number; the last one is being filled.
  uint64_t next_file_ = 0;
  size_t written_ = 0;  // Bytes of the last file that are in it.
  std::string buffer_;  // What follows them.
  bool writing_works_ = true;
  std::string read_;    // A piece of a file:
  Spot piece_;          // where it lies,
  size_t read_to_ = 0;  // and up to where of that file it was asked for.
};

MakeArchive FileArchives(std::string folder);

// Can temporary files be made there?
absl::Status CheckScratchFolder(const std::string& folder);

}  // namespace trama::platform
