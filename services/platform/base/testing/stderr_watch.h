#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "services/kernel/check.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/base/testing/wait_until.h"

// What the process writes to stderr while this lives, for lines that another thread writes in its
// own time: gtest's CaptureStderr can be read only once, at its end.
namespace trama::platform {

class StderrWatch {
 public:
  StderrWatch() : kept_(dup(STDERR_FILENO)) {
    const int file = open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    TRAMA_CHECK(file >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
    close(file);
  }
  ~StderrWatch() {
    dup2(kept_, STDERR_FILENO);
    close(kept_);
  }
  StderrWatch(const StderrWatch&) = delete;
  StderrWatch& operator=(const StderrWatch&) = delete;

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path()).rdbuf();
    return text.str();
  }

  // Whether `part` was written before the deadline of WaitUntil.
  bool Shows(std::string_view part) const {
    return WaitUntil([&] { return text().find(part) != std::string::npos; });
  }

 private:
  std::string path() const { return folder_.path() + "/stderr"; }

  TempFolder folder_;
  int kept_;
};

}  // namespace trama::platform
