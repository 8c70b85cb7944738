#include "services/platform/blob/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trama::platform {
namespace {

// Closes at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status SystemError(const std::string& what, const std::string& path, int error) {
  const std::string text = absl::StrCat(what, " ", path, " failed: ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == ENOSPC || error == EDQUOT) {
    return absl::ResourceExhaustedError(absl::StrCat(text, "; make room there"));
  }
  return absl::UnavailableError(absl::StrCat(text, "; check the folder and its rights"));
}

absl::Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("writing", path, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return SystemError("syncing", path, errno);
  return absl::OkStatus();
}

// Unique among processes and threads that share a folder.
std::string TemporaryName(const std::string& name) {
  static std::atomic<uint64_t> counter{0};
  return absl::StrCat(name, "-", getpid(), "-", counter.fetch_add(1));
}

}  // namespace

absl::Status SyncFolder(const std::string& folder) {
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || fsync(descriptor.get()) != 0) {
    return SystemError("syncing folder", folder, errno);
  }
  return absl::OkStatus();
}

absl::Status DurableFolders::Make(const std::string& below) {
  std::string folder = root_;
  for (absl::string_view name : absl::StrSplit(below, '/', absl::SkipEmpty())) {
    absl::StrAppend(&folder, "/", name);
    if (mkdir(folder.c_str(), 0700) == 0) {
      // It may have been there before, and settled, until somebody erased it.
      std::lock_guard lock(mutex_);
      settled_.erase(absl::HashOf(folder));
    } else if (errno != EEXIST) {
      return SystemError("making folder", folder, errno);
    }
  }
  return absl::OkStatus();
}

absl::Status DurableFolders::Settle(const std::string& below) {
  std::string parent = root_;
  for (absl::string_view name : absl::StrSplit(below, '/', absl::SkipEmpty())) {
    const std::string folder = absl::StrCat(parent, "/", name);
    const size_t digest = absl::HashOf(folder);
    bool is_settled = false;
    {
      std::lock_guard lock(mutex_);
      is_settled = settled_.contains(digest);
    }
    if (!is_settled) {
      // Also when another process has made it: it may not have come so far yet.
      if (absl::Status synced = SyncFolder(parent); !synced.ok()) return synced;
      std::lock_guard lock(mutex_);
      if (settled_.size() >= kSettledMax) settled_.clear();
      settled_.insert(digest);
    }
    parent = folder;
  }
  return absl::OkStatus();
}

absl::Status WriteDurably(const std::string& temporary_folder, const std::string& folder,
                          const std::vector<NewFile>& files) {
  std::vector<std::string> temporaries;
  absl::Status done;
  for (const NewFile& file : files) {
    const std::string temporary = absl::StrCat(temporary_folder, "/", TemporaryName(file.name));
    const Descriptor opened(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!opened.valid()) {
      done = SystemError("creating", temporary, errno);
      break;
    }
    temporaries.push_back(temporary);
    done = WriteAll(opened.get(), file.content, temporary);
    if (!done.ok()) break;
  }
  size_t renamed = 0;
  for (; done.ok() && renamed < files.size(); ++renamed) {
    const std::string path = absl::StrCat(folder, "/", files[renamed].name);
    if (rename(temporaries[renamed].c_str(), path.c_str()) != 0) {
      done = SystemError("renaming", temporaries[renamed], errno);
      break;
    }
  }
  for (; renamed < temporaries.size(); ++renamed) unlink(temporaries[renamed].c_str());
  return done.ok() ? SyncFolder(folder) : done;
}

absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t bytes_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return SystemError("opening", path, errno);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return SystemError("reading", path, errno);
  if (!S_ISREG(info.st_mode)) return absl::UnavailableError(absl::StrCat(path, " is no file"));
  const size_t size = static_cast<size_t>(info.st_size);
  if (size > bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, " has ", size, " bytes, more than ", bytes_max));
  }
  std::string content(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got = read(file.get(), content.data() + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("reading", path, errno);
    if (got == 0) break;  // Shorter than it was; the digest will tell.
    filled += static_cast<size_t>(got);
  }
  content.resize(filled);
  return content;
}

}  // namespace trama::platform
