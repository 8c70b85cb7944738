#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trama::platform {

// Makes sure that the entries of a folder survive a crash.
absl::Status SyncFolder(const std::string& folder);

// The folders below one root. Remembers which of them survive a crash already, because each sync
// costs a write of the disk's journal. Thread-safe.
class DurableFolders {
 public:
  explicit DurableFolders(std::string root) : root_(std::move(root)) {}

  // Makes the folders of the path `below`. UNAVAILABLE names the folder and what the system says.
  absl::Status Make(const std::string& below);
  // After this they survive a crash. Best called when the files in them have been synced: the
  // folders went to the disk with them, then, and there is little left to do.
  absl::Status Settle(const std::string& below);

 private:
  // Where to forget everything and to begin anew: 2 MiB of digests.
  static constexpr size_t kSettledMax = 128 * 1024;

  const std::string root_;
  std::mutex mutex_;
  // Digests of paths; two paths with one digest are less likely than a broken disk. Guarded by
  // mutex_.
  absl::flat_hash_set<size_t> settled_;
};

struct NewFile {
  std::string name;
  std::string_view content;
};

// Writes files of which each appears whole or not at all, in their order, and which survive a crash
// once this has returned OK: temporary files in `temporary_folder` (of the same file system), fsync
// of each, renames, fsync of the folder. Replaces what was there. RESOURCE_EXHAUSTED when the disk
// is full, NOT_FOUND when a folder is not there, otherwise UNAVAILABLE.
absl::Status WriteDurably(const std::string& temporary_folder, const std::string& folder,
                          const std::vector<NewFile>& files);

// The whole of a file. NOT_FOUND, RESOURCE_EXHAUSTED when longer than `bytes_max`, UNAVAILABLE.
absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t bytes_max);

}  // namespace trama::platform
