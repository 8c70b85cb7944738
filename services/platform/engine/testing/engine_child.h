#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "services/platform/engine/testing/engine_fixture.h"

namespace trama::platform::testing {

// One replica in a process of its own: this test's program, started again as a child.
class EngineChild {
 public:
  explicit EngineChild(const EngineNames& names);
  // SIGKILL if it is still there.
  ~EngineChild();

  // Has it said that everything is caught up? Waits until then, or until it is dead (false).
  bool WaitReady();
  // At once, whatever it does.
  void Kill();
  // Asks it to leave in order; true when it did.
  bool Leave();
  // Waits for its end; true when it aborted (SIGABRT).
  bool WaitAborted();

 private:
  int Wait();

  pid_t pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
};

// The child's main(): serves until its standard input ends.
int RunEngineChild(const std::string& names);

}  // namespace trama::platform::testing
