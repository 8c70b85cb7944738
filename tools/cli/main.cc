// tramactl: the command line of Trama.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"

namespace trama::tramactl {
namespace {

std::optional<std::string> FromProcess(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int Fail(const absl::Status& status, const std::string& advice) {
  const bool colour = isatty(STDERR_FILENO) != 0;
  const std::string reason = ErrorReason(status);
  std::cout.flush();
  std::cerr << (colour ? "\x1b[31merror:\x1b[0m " : "error: ") << std::string(status.message());
  if (!reason.empty() && reason != "INVALID_FIELD") std::cerr << " (" << reason << ")";
  std::cerr << "\n" << advice;
  return ExitCodeOf(status);
}

int Main(const std::vector<std::string>& words) {
  const CommandTable table = MakeCommandTable();
  absl::StatusOr<Invocation> invocation = table.Parse(words, FromProcess);
  if (!invocation.ok()) {
    return Fail(UsageError(std::string(invocation.status().message())),
                "see tramactl --help, or --help behind a command\n");
  }
  if (invocation->command == nullptr) {
    std::cout << invocation->help;
    return kExitDone;
  }
  auto context =
      Context::Create(invocation->arguments, FromProcess, std::cout, isatty(STDOUT_FILENO) != 0);
  if (!context.ok()) return Fail(context.status(), "");
  const absl::Status done = invocation->command->run(**context, invocation->arguments);
  if (!done.ok()) return Fail(done, "");
  return std::cout.good() ? kExitDone : kExitFailed;
}

}  // namespace
}  // namespace trama::tramactl

int main(int argc, char** argv) {
  // gRPC would otherwise log failed connections besides the error that we print; 0: keep what is
  // set.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  return trama::tramactl::Main({argv + 1, argv + argc});
}
