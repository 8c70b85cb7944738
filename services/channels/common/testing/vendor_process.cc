#include "services/channels/common/testing/vendor_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "services/platform/net/testing/scripted_peer.h"
#include "services/platform/net/testing/test_socket.h"

namespace trama::channels::testing {

namespace {

// Prism takes up to 38 s on a slow machine.
constexpr absl::Duration kStartMax = absl::Seconds(100);
constexpr absl::Duration kPollEvery = absl::Milliseconds(20);
constexpr size_t kLogShown = 2000;

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string TempFile() {
  std::string path = std::filesystem::temp_directory_path() / "trama-vendor-XXXXXX";
  close(mkstemp(path.data()));
  return path;
}

std::string TailOf(const std::string& path) {
  const std::string text = ReadFile(path);
  return text.size() <= kLogShown ? text : text.substr(text.size() - kLogShown);
}

// The child dies with the test, whatever becomes of it.
pid_t Spawn(const std::vector<std::string>& command, const std::string& input,
            const std::string& output, const std::string& errors) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int in = open(input.empty() ? "/dev/null" : input.c_str(), O_RDONLY);
  const int out = open(output.c_str(), O_WRONLY | O_APPEND);
  const int err = open(errors.c_str(), O_WRONLY | O_APPEND);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

std::string VendorFolder() {
  std::string cache = Env("TRAMA_CACHE");
  if (cache.empty() && !Env("XDG_CACHE_HOME").empty()) cache = Env("XDG_CACHE_HOME") + "/trama";
  if (cache.empty()) cache = Env("HOME") + "/.cache/trama";
  return cache + "/vendor";
}

absl::StatusOr<std::string> RunVendorPython(const std::string& script,
                                            const std::vector<std::string>& arguments,
                                            const std::string& input) {
  const std::string python = VendorFolder() + "/venv/bin/python";
  if (!std::filesystem::exists(python)) {
    return absl::FailedPreconditionError(
        absl::StrCat(python, " is missing: run tests/vendor/get python"));
  }
  std::vector<std::string> command = {python, script};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::string in = TempFile();
  const std::string out = TempFile();
  const std::string err = TempFile();
  std::ofstream(in, std::ios::binary) << input;
  int status = 0;
  waitpid(Spawn(command, in, out, err), &status, 0);
  const std::string printed = ReadFile(out);
  const std::string errors = TailOf(err);
  for (const std::string& file : {in, out, err}) std::filesystem::remove(file);
  if (status != 0) return absl::InternalError(absl::StrCat(script, " failed: ", errors));
  return printed;
}

absl::StatusOr<std::unique_ptr<VendorProcess>> VendorProcess::Start(
    std::vector<std::string> command) {
  std::unique_ptr<VendorProcess> process(new VendorProcess());
  const platform::BoundSocket bound = platform::BindFreePort();
  close(bound.descriptor);
  process->port_ = bound.port;
  for (std::string& word : command) {
    word = absl::StrReplaceAll(word, {{"{port}", absl::StrCat(bound.port)}});
  }
  process->log_ = TempFile();
  process->pid_ = Spawn(command, "", process->log_, process->log_);
  const absl::Time deadline = absl::Now() + kStartMax;
  while (!platform::TestSocket::Listens(bound.port)) {
    int status = 0;
    if (waitpid(process->pid_, &status, WNOHANG) == process->pid_) {
      process->pid_ = -1;
      return absl::FailedPreconditionError(absl::StrCat(
          command[0], " ended at once (run tests/vendor/get): ", TailOf(process->log_)));
    }
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(command[0], " does not listen: ", TailOf(process->log_)));
    }
    absl::SleepFor(kPollEvery);
  }
  return process;
}

VendorProcess::~VendorProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (!log_.empty()) std::filesystem::remove(log_);
}

std::string VendorProcess::url() const { return absl::StrCat("http://127.0.0.1:", port_); }

}  // namespace trama::channels::testing
