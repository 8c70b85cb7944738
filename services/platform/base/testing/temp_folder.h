#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "services/kernel/check.h"

namespace trama::platform {

// For tests: a new folder that is gone, with all that is in it, at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "trama-XXXXXX").string();
    TRAMA_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }

  // Replaces the file `name` in one step, as a secret is rotated; returns its path.
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = path_ + "/" + name;
    std::ofstream(path + ".new", std::ios::binary) << content;
    std::filesystem::rename(path + ".new", path);
    return path;
  }

 private:
  std::string path_;
};

}  // namespace trama::platform
