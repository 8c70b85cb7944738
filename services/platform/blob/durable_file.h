#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trama::platform {

// Makes the folders of the path `below` in `root`, so that they survive a crash. UNAVAILABLE names
// the folder and what the system says.
absl::Status MakeFolders(const std::string& root, const std::string& below);

// Makes sure that the entries of a folder survive a crash.
absl::Status SyncFolder(const std::string& folder);

// Writes a file that appears whole or not at all and survives a crash once this has returned OK: a
// temporary file in `temporary_folder` (of the same file system), fsync, rename, fsync of the
// folder. Replaces what was there. RESOURCE_EXHAUSTED when the disk is full, NOT_FOUND when a
// folder is not there, otherwise UNAVAILABLE.
absl::Status WriteDurably(const std::string& temporary_folder, const std::string& folder,
                          const std::string& name, std::string_view content);

// The whole of a file. NOT_FOUND, RESOURCE_EXHAUSTED when longer than `bytes_max`, UNAVAILABLE.
absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t bytes_max);

}  // namespace trama::platform
