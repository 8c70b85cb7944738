#include "services/platform/service/testing/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "absl/strings/match.h"
#include "services/kernel/check.h"
#include "services/platform/base/testing/wait_until.h"

extern char** environ;

namespace trama::platform {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, std::vector<std::string> arguments,
                           std::vector<std::string> environment) {
  const std::string path =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / program).string();
  arguments.insert(arguments.begin(), path);
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  // Nothing may allocate between fork and exec.
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  std::array<int, 2> pipe_fds{};
  TRAMA_CHECK(pipe2(pipe_fds.data(), O_CLOEXEC) == 0);
  pid_ = fork();
  TRAMA_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    dup2(pipe_fds[1], STDERR_FILENO);
    execve(path.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  close(pipe_fds[1]);
  reader_ = std::thread([this, fd = pipe_fds[0]] { ReadLines(fd); });
}

ChildProcess::~ChildProcess() {
  if (!exit_code_.has_value()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  reader_.join();
}

void ChildProcess::Signal(int number) { TRAMA_CHECK(kill(pid_, number) == 0); }

std::optional<std::string> ChildProcess::WaitForLine(const std::string& text) {
  std::unique_lock lock(mutex_);
  std::optional<std::string> found;
  changed_.wait_for(lock, absl::ToChronoSeconds(kWaitUntilMax), [&] {
    for (const std::string& line : lines_) {
      if (absl::StrContains(line, text)) found = line;
    }
    return found.has_value() || closed_;
  });
  return found;
}

int ChildProcess::WaitForExit() {
  const bool ended = WaitUntil([this] {
    int status = 0;
    if (!exit_code_.has_value() && waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return exit_code_.has_value();
  });
  if (!ended) return -1;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_; });
  return *exit_code_;
}

std::vector<std::string> ChildProcess::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

void ChildProcess::ReadLines(int fd) {
  FILE* stream = fdopen(fd, "r");
  char* line = nullptr;
  size_t capacity = 0;
  for (ssize_t got; (got = getline(&line, &capacity, stream)) > 0;) {
    if (line[got - 1] == '\n') --got;
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line, static_cast<size_t>(got));
    changed_.notify_all();
  }
  free(line);
  fclose(stream);
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace trama::platform
