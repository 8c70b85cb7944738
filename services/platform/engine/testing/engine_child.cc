#include "services/platform/engine/testing/engine_child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "services/kernel/check.h"

extern char** environ;

namespace trama::platform::testing {

EngineChild::EngineChild(const EngineNames& names) {
  int in[2], out[2];
  TRAMA_CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = "/proc/self/exe", flag = "--child", text = names.ToText();
  char* arguments[] = {program.data(), flag.data(), text.data(), nullptr};
  TRAMA_CHECK(posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  to_child_ = in[1];
  from_child_ = out[0];
}

EngineChild::~EngineChild() {
  Kill();
  close(to_child_);
  close(from_child_);
}

bool EngineChild::WaitReady() {
  char ready = 0;
  return read(from_child_, &ready, 1) == 1;
}

void EngineChild::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  Wait();
}

bool EngineChild::Leave() {
  close(std::exchange(to_child_, -1));
  const int status = Wait();
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool EngineChild::WaitAborted() {
  const int status = Wait();
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int EngineChild::Wait() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

int RunEngineChild(const std::string& names) {
  // A stable slot: a child that was killed is followed by one that resumes at once.
  Replica replica(EngineNames::FromText(names), "child:1",
                  [](EngineSpec& spec) { spec.instance_id = spec.service + "-0"; });
  replica.Start();
  if (!replica.WaitReady()) return 2;
  TRAMA_CHECK(write(STDOUT_FILENO, "r", 1) == 1);
  char nothing = 0;
  while (read(STDIN_FILENO, &nothing, 1) > 0) {
  }
  replica.host().Leave();
  return 0;
}

}  // namespace trama::platform::testing
