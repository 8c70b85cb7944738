#include "services/platform/redis/testing/redis_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/platform/net/testing/scripted_peer.h"
#include "services/platform/net/testing/test_socket.h"

namespace trama::platform {
namespace {

constexpr int kLaunchesMax = 5;  // Another process may take the port first.
constexpr std::chrono::seconds kStartMax(20);
constexpr std::chrono::milliseconds kPollEvery(5);
constexpr size_t kLogShown = 2000;

uint16_t FreePort() {
  const BoundSocket bound = BindFreePort();
  close(bound.descriptor);
  return bound.port;
}

std::string TailOf(const std::string& file) {
  std::ifstream stream(file);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  return text.size() <= kLogShown ? text : text.substr(text.size() - kLogShown);
}

}  // namespace

RedisProcess::RedisProcess(Options options) : options_(std::move(options)) {
  std::string pattern = std::filesystem::temp_directory_path() / "trama-redis-XXXXXX";
  TRAMA_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
}

RedisProcess::~RedisProcess() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::StatusOr<std::unique_ptr<RedisProcess>> RedisProcess::Start(Options options) {
  std::unique_ptr<RedisProcess> process(new RedisProcess(std::move(options)));
  absl::Status launched;
  for (int i = 0; i < kLaunchesMax; ++i) {
    process->port_ = FreePort();
    launched = process->Launch();
    if (launched.ok()) return process;
    process->Kill();
  }
  return launched;
}

std::string RedisProcess::address() const { return absl::StrCat("127.0.0.1:", port_); }

absl::Status RedisProcess::Launch() {
  const std::string log = folder_ + "/log";
  const std::string port = absl::StrCat(port_);
  const bool tls = !options_.tls_certificate_file.empty();
  std::vector<std::string> arguments = {"redis-server",
                                        "--port",
                                        tls ? "0" : port,
                                        "--bind",
                                        "127.0.0.1",
                                        "--dir",
                                        folder_,
                                        "--logfile",
                                        log,
                                        "--daemonize",
                                        "no",
                                        "--save",
                                        "",
                                        "--appendonly",
                                        "no",
                                        "--enable-debug-command",
                                        "local"};
  if (tls) {
    arguments.insert(arguments.end(),
                     {"--tls-port", port, "--tls-cert-file", options_.tls_certificate_file,
                      "--tls-key-file", options_.tls_key_file, "--tls-ca-cert-file",
                      options_.tls_ca_file, "--tls-auth-clients", "no"});
  }
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);

  pid_ = fork();
  if (pid_ == 0) {
    // A test that crashes leaves no server behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    execvp(raw[0], raw.data());
    _exit(127);
  }
  TRAMA_CHECK(pid_ > 0);
  const auto until = std::chrono::steady_clock::now() + kStartMax;
  while (std::chrono::steady_clock::now() < until) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = -1;
      break;
    }
    if (TestSocket::Listens(port_)) return absl::OkStatus();
    std::this_thread::sleep_for(kPollEvery);
  }
  return absl::UnavailableError(
      absl::StrCat("redis-server did not start, is it installed? ", TailOf(log)));
}

void RedisProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

absl::Status RedisProcess::Restart() {
  TRAMA_CHECK(pid_ < 0);
  return Launch();
}

void RedisProcess::Pause() {
  TRAMA_CHECK(pid_ > 0);
  kill(pid_, SIGSTOP);
}

void RedisProcess::Resume() {
  TRAMA_CHECK(pid_ > 0);
  kill(pid_, SIGCONT);
}

std::string RedisProcess::Tell(const std::string& command) {
  TestSocket socket = TestSocket::Connect(port_);
  socket.Send(command + "\r\n");
  std::string line = socket.ReadUntil("\r\n");
  return line.substr(0, line.find("\r\n"));
}

}  // namespace trama::platform
