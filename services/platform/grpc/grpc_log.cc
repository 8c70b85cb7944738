#include "services/platform/grpc/grpc_log.h"

#include <grpc/support/log.h>

#include "services/platform/base/log.h"

namespace trama::platform {
namespace {

void Take(gpr_log_func_args* args) {
  // Its errors are the peer's or the network's: nothing of ours has failed.
  const LogLevel level =
      args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug;
  Log(level, "grpc", {{"message", args->message}});
}

}  // namespace

void TakeGrpcLog() { gpr_set_log_function(&Take); }

}  // namespace trama::platform
