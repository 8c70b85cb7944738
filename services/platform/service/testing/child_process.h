#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace trama::platform {

// For tests: a program run as a process of its own, with what it writes on stderr. Killed at the
// end if it still runs.
class ChildProcess {
 public:
  // `program` lies beside the running test. `environment` is added to ours.
  ChildProcess(const std::string& program, std::vector<std::string> arguments,
               std::vector<std::string> environment = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void Signal(int number);

  // Waits for a line that holds `text`; none when the process ended or kWaitUntilMax passed
  // without.
  std::optional<std::string> WaitForLine(const std::string& text);
  // The exit code; 128 + n after signal n; -1 when it still runs after kWaitUntilMax.
  int WaitForExit();
  std::vector<std::string> lines() const;

 private:
  void ReadLines(int fd);

  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool closed_ = false;
  std::thread reader_;
};

}  // namespace trama::platform
