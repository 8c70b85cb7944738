#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace trama::platform {

// A small file that may be replaced while we run, such as a mounted secret. Not thread-safe.
class WatchedFile {
 public:
  // No file: never changes.
  WatchedFile() = default;
  WatchedFile(std::string path, size_t bytes_max) : path_(std::move(path)), bytes_max_(bytes_max) {}

  // The content at the first call and whenever the file has become another one since the last call
  // (seen by device, inode, size and times). An error, such as a missing file, comes once, too, and
  // the file is tried again at each call.
  absl::StatusOr<std::optional<std::string>> ReadIfChanged();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  size_t bytes_max_ = 0;
  std::string stamp_;
  absl::Status read_;  // What became of the last attempt.
};

}  // namespace trama::platform
