#include "services/platform/base/watched_file.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "services/platform/base/settings.h"

namespace trama::platform {
namespace {

std::string StampOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return "missing";
  return absl::StrCat(info.st_dev, " ", info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec,
                      " ", info.st_mtim.tv_nsec, " ", info.st_ctim.tv_sec, " ",
                      info.st_ctim.tv_nsec);
}

}  // namespace

absl::StatusOr<std::optional<std::string>> WatchedFile::ReadIfChanged() {
  if (path_.empty()) return std::nullopt;
  // Taken before reading: a change in between shows itself at the next call.
  std::string stamp = StampOf(path_);
  if (stamp == stamp_ && read_.ok()) return std::nullopt;
  const bool is_new = stamp != stamp_;
  stamp_ = std::move(stamp);
  absl::StatusOr<std::string> content = ReadSmallFile(path_, bytes_max_);
  // What could not be read for want of a descriptor, say, is tried at each call and told once.
  const bool is_told = !is_new && content.status() == read_;
  read_ = content.status();
  if (content.ok()) return *std::move(content);
  if (is_told) return std::nullopt;
  return read_;
}

}  // namespace trama::platform
