#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tools/cli/args.h"

namespace trama::tramactl {

// Where a run of the program writes.
struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;  // Then headings are bold,
  bool err_is_terminal = false;  // and errors red.
};

// The whole program; returns its exit code. `words`: the command line without the program's name.
int Run(const std::vector<std::string>& words, const Environment& environment, Streams streams);

}  // namespace trama::tramactl
