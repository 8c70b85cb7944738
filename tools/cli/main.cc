// tramactl: the command line of Trama.

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "tools/cli/run.h"

int main(int argc, char** argv) {
  // gRPC would otherwise log failed connections beside the error that we print. 0: unless it is
  // set.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  return trama::tramactl::Run({argv + 1, argv + argc}, environment,
                              {.out = std::cout,
                               .err = std::cerr,
                               .out_is_terminal = isatty(STDOUT_FILENO) != 0,
                               .err_is_terminal = isatty(STDERR_FILENO) != 0});
}
