#include "services/platform/base/file_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/platform/base/log.h"

namespace trama::platform {
namespace {

// An ArchivePlace, from its lowest bits on: the record's size, its offset in the file, the file's
// number.
constexpr int kSizeBits = 20;
constexpr int kOffsetBits = 24;
constexpr int kFileBits = 62 - kSizeBits - kOffsetBits;  // 4 TiB in all.

// What is read at once where one record after the other is wanted, as by a takeover.
constexpr size_t kReadAheadBytes = 64 << 10;

uint64_t Low(uint64_t value, int bits) { return value & ((uint64_t{1} << bits) - 1); }

// -1 and errno when there can be none.
int OpenTemporary(const std::string& folder) {
  std::string name = absl::StrCat(folder, "/trama-archive-XXXXXX");
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor >= 0) unlink(name.c_str());
  return descriptor;
}

}  // namespace

FileArchive::Spot FileArchive::Spot::Of(ArchivePlace place) {
  const auto bits = static_cast<uint64_t>(place);
  return {.file = bits >> (kSizeBits + kOffsetBits),
          .offset = Low(bits >> kSizeBits, kOffsetBits),
          .size = Low(bits, kSizeBits)};
}

ArchivePlace FileArchive::Spot::place() const {
  return ArchivePlace{file << (kSizeBits + kOffsetBits) | offset << kSizeBits | size};
}

FileArchive::FileArchive(std::string folder, Sizes sizes)
    : folder_(std::move(folder)), sizes_(sizes) {
  TRAMA_CHECK(sizes_.file_bytes <= size_t{1} << kOffsetBits);
}

FileArchive::~FileArchive() {
  for (const auto& [number, file] : files_) close(file.descriptor);
}

std::optional<ArchivePlace> FileArchive::Append(std::string_view record) {
  if (record.size() > std::min(kRecordBytesMax, sizes_.file_bytes)) return std::nullopt;
  if (!HasRoomFor(record.size())) return std::nullopt;
  const Spot spot{next_file_ - 1, written_ + buffer_.size(), record.size()};
  buffer_.append(record);
  ++files_.at(spot.file).records;
  return spot.place();
}

bool FileArchive::HasRoomFor(size_t bytes) {
  const bool has_begun = !files_.empty();
  if (!has_begun || written_ + buffer_.size() + bytes > sizes_.file_bytes) {
    return (!has_begun || Flush()) && BeginFile();
  }
  if (buffer_.empty() || buffer_.size() + bytes <= sizes_.buffer_bytes) return true;
  return Flush();
}

// What could not be written stays in the buffer, and is read from there.
bool FileArchive::Flush() {
  const int descriptor = files_.at(next_file_ - 1).descriptor;
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t wrote = pwrite(descriptor, buffer_.data() + done, buffer_.size() - done,
                                 static_cast<off_t>(written_ + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      NoteWriting(false, "writing");
      return false;
    }
    done += static_cast<size_t>(wrote);
  }
  NoteWriting(true, "writing");
  written_ += buffer_.size();
  buffer_.clear();
  return true;
}

bool FileArchive::BeginFile() {
  if (next_file_ >> kFileBits != 0) return false;
  const int descriptor = OpenTemporary(folder_);
  NoteWriting(descriptor >= 0, "making a file");
  if (descriptor < 0) return false;
  if (!files_.empty() && files_.rbegin()->second.records == 0) {
    close(files_.rbegin()->second.descriptor);
    files_.erase(next_file_ - 1);
  }
  files_[next_file_++].descriptor = descriptor;
  written_ = 0;
  return true;
}

void FileArchive::NoteWriting(bool works, const char* what) {
  const int error = errno;
  if (std::exchange(writing_works_, works) == works) return;
  if (works) {
    Log(LogLevel::kInfo, "the scratch folder takes rows again", {{"folder", folder_}});
  } else {
    Log(LogLevel::kError, "the scratch folder takes nothing, rows stay in memory; make room there",
        {{"folder", folder_}, {"failed", what}, {"why", std::strerror(error)}});
  }
}

std::string_view FileArchive::Read(ArchivePlace place) {
  const Spot spot = Spot::Of(place);
  if (spot.file + 1 == next_file_ && spot.offset >= written_) {
    return std::string_view(buffer_).substr(spot.offset - written_, spot.size);
  }
  const size_t piece_end = piece_.offset + read_.size();
  const bool is_at_hand = spot.file == piece_.file && spot.offset >= piece_.offset &&
                          spot.offset + spot.size <= piece_end;
  if (!is_at_hand) Fetch(spot);
  read_to_ = spot.offset + spot.size;
  return std::string_view(read_).substr(spot.offset - piece_.offset, spot.size);
}

void FileArchive::Fetch(const Spot& spot) {
  const bool is_next = spot.file == piece_.file && spot.offset >= read_to_ &&
                       spot.offset < read_to_ + kReadAheadBytes;
  // Of the last file only what is in it for good.
  const size_t end = spot.file + 1 == next_file_ ? written_ : sizes_.file_bytes;
  const size_t wanted =
      is_next ? std::min(std::max(spot.size, kReadAheadBytes), end - spot.offset) : spot.size;
  read_.resize(wanted);
  piece_ = spot;
  const int descriptor = files_.at(spot.file).descriptor;
  size_t done = 0;
  while (done < spot.size) {
    const ssize_t got = pread(descriptor, read_.data() + done, wanted - done,
                              static_cast<off_t>(spot.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) Die(spot, got < 0 ? std::strerror(errno) : "the file is shorter");
    done += static_cast<size_t>(got);
  }
  read_.resize(done);
}

void FileArchive::Release(ArchivePlace place) {
  const auto file = files_.find(Spot::Of(place).file);
  TRAMA_CHECK(file != files_.end() && file->second.records > 0);
  if (--file->second.records > 0 || file->first + 1 == next_file_) return;
  close(file->second.descriptor);
  files_.erase(file);
}

// As if memory had failed: the next owner reads all of it from the changelog.
void FileArchive::Die(const Spot& spot, const std::string& why) const {
  Log(LogLevel::kError, "a row in the scratch folder cannot be read any more, giving up",
      {{"folder", folder_},
       {"file", spot.file},
       {"offset", spot.offset},
       {"bytes", spot.size},
       {"why", why}});
  std::abort();
}

MakeArchive FileArchives(std::string folder) {
  return [folder = std::move(folder)] { return std::make_unique<FileArchive>(folder); };
}

absl::Status CheckScratchFolder(const std::string& folder) {
  const int descriptor = OpenTemporary(folder);
  if (descriptor < 0) {
    return absl::InvalidArgumentError(absl::StrCat("no file can be made in \"", folder,
                                                   "\": ", std::strerror(errno),
                                                   "; name a folder that we may write to"));
  }
  close(descriptor);
  return absl::OkStatus();
}

}  // namespace trama::platform
