#include "services/platform/base/background.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "services/platform/base/log.h"

namespace trama::platform {

void GoToBackground() {
  constexpr int kNice = 10;
  // On Linux, 0 is the calling thread and not its process (setpriority(2)).
  if (setpriority(PRIO_PROCESS, 0, kNice) == 0) return;
  Log(LogLevel::kWarning, "a background thread keeps its priority",
      {{"why", std::strerror(errno)}});
}

}  // namespace trama::platform
